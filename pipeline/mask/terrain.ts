/** A surface of heights on square cells, rows from north to south. */
export interface Relief {
  /** Height of every cell, m; NaN where unknown. */
  readonly heights: Float32Array;
  readonly width: number;
  readonly height: number;
  /** Edge of a cell, m. */
  readonly size: number;
}

/**
 * 1 where the land itself keeps the sun off (METHODS 2.2, step 7): from each cell a ray goes along the sun's azimuth and
 * up by its elevation, in steps of one cell with heights interpolated between four cells, until it leaves the relief or
 * rises above all of it. Angles in degrees, azimuth clockwise from north. Cells of unknown height cast and take no shadow.
 * A wall of 100 m throws a shadow of 100 m under a sun of 45°, of 173 m under one of 30°.
 */
export function terrainShadow(relief: Relief, sunElevation: number, sunAzimuth: number): Uint8Array {
  const { heights, width, height, size } = relief;
  const shadow = new Uint8Array(heights.length);
  const azimuth = (sunAzimuth * Math.PI) / 180;
  const [right, down] = [Math.sin(azimuth), -Math.cos(azimuth)];
  const climb = Math.tan((sunElevation * Math.PI) / 180) * size;
  if (!(climb > 0)) return shadow.fill(1);
  let top = Number.NEGATIVE_INFINITY;
  for (const value of heights) if (value > top) top = value;
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      const own = heights[row * width + col]!;
      for (let step = 1; own + step * climb < top; step++) {
        const x = col + step * right;
        const y = row + step * down;
        if (!(x >= 0 && x <= width - 1 && y >= 0 && y <= height - 1)) break;
        if (heightAt(relief, x, y) > own + step * climb) {
          shadow[row * width + col] = 1;
          break;
        }
      }
    }
  }
  return shadow;
}

/** Height between cells, bilinear; NaN when one of the four is unknown. */
function heightAt({ heights, width, height }: Relief, x: number, y: number): number {
  const col = Math.min(Math.floor(x), Math.max(0, width - 2));
  const row = Math.min(Math.floor(y), Math.max(0, height - 2));
  const [u, v] = [x - col, y - row];
  const right = Math.min(width - 1, col + 1);
  const below = Math.min(height - 1, row + 1) * width;
  const at = row * width;
  const high = heights[at + col]! * (1 - u) + heights[at + right]! * u;
  const low = heights[below + col]! * (1 - u) + heights[below + right]! * u;
  return high * (1 - v) + low * v;
}
