import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import { CACHE_BLOCK, type RasterSource, readBlock, withRaster } from './raster-cache.ts';

/**
 * Stored counts of all bands at a place (degrees, WGS 84) at full resolution, NaN for a band without a value; null
 * outside the raster or where no band has one. Throws what withRaster throws.
 * `await pixelAt('ndvi.tif', 126.2, 44)` is `[6841]`.
 */
export function pixelAt(file: RasterSource, lon: number, lat: number): Promise<number[] | null> {
  return withRaster(file, async (raster) => {
    const [x, y] = transformer(4326, raster.grid.epsg)(lon, lat);
    const [u, v] = apply(invert(raster.grid.transform), x, y);
    const col = Math.floor(u);
    const row = Math.floor(v);
    const { width, height } = raster.grid;
    if (!(col >= 0 && row >= 0 && col < width && row < height)) return null;
    const across = Math.floor(col / CACHE_BLOCK);
    const down = Math.floor(row / CACHE_BLOCK);
    const bands = raster.file.info.bands.map((_, i) => i + 1);
    const arrays = await readBlock(raster, 0, across, down, bands);
    const blockWidth = Math.min(CACHE_BLOCK, width - across * CACHE_BLOCK);
    const at = (row - down * CACHE_BLOCK) * blockWidth + (col - across * CACHE_BLOCK);
    const values = arrays.map((array) => (array[at] === raster.empty ? Number.NaN : array[at]!));
    return values.every(Number.isNaN) ? null : values;
  });
}
