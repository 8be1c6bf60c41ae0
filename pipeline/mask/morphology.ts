/** 1 where either mask is. A loop: over a million cells, callbacks cost more than the work. */
export function either(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! | b[i]!;
  return out;
}

/** 1 where a mask is 0. */
function not(mask: Uint8Array): Uint8Array {
  const out = new Uint8Array(mask.length);
  for (let i = 0; i < out.length; i++) out[i] = 1 - mask[i]!;
  return out;
}

/** Square erosion by `radius` pixels: what is left when everything within reach of an unmarked pixel goes; the rim of the tile counts as marked. */
export function erode(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  if (radius === 0) return mask;
  return not(dilate(not(mask), width, height, radius));
}

/**
 * Square dilation of a mask of 0 and 1 by `radius` pixels, first along rows, then along columns; cost does not grow with
 * the radius. One pixel grown by 2 is a square of 5 × 5.
 */
export function dilate(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  return spreadDown(spreadAlong(mask, width, height, radius), width, height, radius);
}

function spreadAlong(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const out = new Uint8Array(mask.length);
  for (let start = 0; start < mask.length && height > 0; start += width) {
    // Up to which column the cells are already marked.
    let done = 0;
    for (let col = 0; col < width; col++) {
      if (mask[start + col] === 0) continue;
      const end = Math.min(width, col + radius + 1);
      for (let c = Math.max(done, col - radius); c < end; c++) out[start + c] = 1;
      done = end;
    }
  }
  return out;
}

/** Down the columns, row by row as memory likes it: how many marked cells lie within reach, kept up as the rows go by. */
function spreadDown(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const out = new Uint8Array(mask.length);
  const counts = new Int32Array(width);
  for (let row = -radius; row < height; row++) {
    const [enters, leaves] = [row + radius, row - radius - 1];
    if (enters < height) {
      for (let col = 0, i = enters * width; col < width; col++, i++) counts[col]! += mask[i]!;
    }
    if (leaves >= 0) {
      for (let col = 0, i = leaves * width; col < width; col++, i++) counts[col]! -= mask[i]!;
    }
    if (row < 0) continue;
    for (let col = 0, i = row * width; col < width; col++, i++) out[i] = counts[col] === 0 ? 0 : 1;
  }
  return out;
}
