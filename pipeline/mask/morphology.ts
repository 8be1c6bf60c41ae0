/** Square erosion by `radius` pixels: what is left when everything within reach of an unmarked pixel goes; the rim of the tile counts as marked. */
export function erode(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  if (radius === 0) return mask;
  const outside = dilate(
    mask.map((value) => 1 - value),
    width,
    height,
    radius,
  );
  return outside.map((value) => 1 - value);
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

/** Down the columns, row by row: for each column, how many rows ago the last mark was. Rows are read in order, which memory likes. */
function spreadDown(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const out = new Uint8Array(mask.length);
  const left = new Int32Array(width);
  for (let row = 0; row < height; row++) {
    const at = row * width;
    for (let col = 0; col < width; col++) {
      const rest = mask[at + col] === 1 ? radius + 1 : left[col]!;
      if (rest === 0) continue;
      out[at + col] = 1;
      left[col] = rest - 1;
    }
  }
  left.fill(0);
  for (let row = height - 1; row >= 0; row--) {
    const at = row * width;
    for (let col = 0; col < width; col++) {
      const rest = mask[at + col] === 1 ? radius + 1 : left[col]!;
      if (rest === 0) continue;
      out[at + col] = 1;
      left[col] = rest - 1;
    }
  }
  return out;
}
