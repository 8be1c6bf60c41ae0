import { isKnownCrs } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { clampWindow, crop, type Grid } from '../core/grid.ts';
import { aboveEllipsoid, type Ground, groundWindow, type Heights } from '../geometry/ground.ts';
import { gridOf, openRaster, type RasterFile, storedAs } from './geotiff.ts';

/**
 * Where ground heights come from: one height above the ellipsoid, or a GeoTIFF of heights above sea level in metres with the
 * geoid's height above the ellipsoid, as one number (0 when the file's heights are above the ellipsoid already) or as a
 * GeoTIFF of its own.
 */
export type GroundSource =
  | { readonly kind: 'height'; readonly metres: number }
  | { readonly kind: 'dem'; readonly file: string; readonly geoid: number | string };

type Placed = Grid & { readonly epsg: number };

/** Ground heights with their files open. */
export interface OpenGround {
  /** The ground under a grid; heights are NaN where the terrain model has none, which is everywhere outside it. */
  under(target: Placed): Promise<Ground>;
  close(): Promise<void>;
}

/** No ground on Earth lies further from the ellipsoid, in metres: such numbers are nodata that nobody declared. */
const PLAUSIBLE = 12_000;

/** Opens a source of heights. Throws what openRaster throws, and E_CRS_UNKNOWN when a file does not say where it lies. */
export async function openGround(source: GroundSource): Promise<OpenGround> {
  if (source.kind === 'height') {
    return { under: async () => source.metres, close: async () => undefined };
  }
  const dem = await openHeights(source.file);
  try {
    const geoid = typeof source.geoid === 'number' ? source.geoid : await openHeights(source.geoid);
    return {
      under: async (target) => {
        const heights = await dem.under(target);
        if (typeof geoid === 'number') return aboveEllipsoid(heights, geoid);
        return aboveEllipsoid(heights, await geoid.under(heights.grid));
      },
      close: async () => {
        await dem.close();
        if (typeof geoid !== 'number') await geoid.close();
      },
    };
  } catch (error) {
    await dem.close();
    throw error;
  }
}

async function openHeights(file: string) {
  const raster = await openRaster(file);
  try {
    const grid = gridOf(raster.info);
    const { epsg } = grid;
    if (!isKnownCrs(epsg)) {
      const what = raster.info.crsName ?? (epsg === null ? 'none is named' : `EPSG:${epsg}`);
      throw new HeituError('E_CRS_UNKNOWN', { where: file, what });
    }
    const placed: Placed = { ...grid, epsg };
    return {
      under: (target: Placed) => readHeights(raster, placed, target),
      close: () => raster.close(),
    };
  } catch (error) {
    await raster.close();
    throw error;
  }
}

async function readHeights(raster: RasterFile, grid: Placed, target: Placed): Promise<Heights> {
  const wanted = groundWindow(grid, target);
  const window = wanted === null ? null : clampWindow(grid, wanted);
  // A single unknown height is unknown everywhere.
  if (window === null) return { grid: { ...grid, width: 1, height: 1 }, values: Float32Array.of(Number.NaN) };
  const [stored] = await raster.read([1], window);
  const nodata = storedAs(raster.info.dtype, raster.info.nodata);
  const { scale, offset } = raster.info.bands[0]!;
  const values = new Float32Array(window.width * window.height);
  for (let i = 0; i < values.length; i++) {
    const number = Number(stored![i]!);
    const metres = number * (scale ?? 1) + (offset ?? 0);
    values[i] = number === nodata || !(Math.abs(metres) < PLAUSIBLE) ? Number.NaN : metres;
  }
  return { grid: { ...crop(grid, window), epsg: grid.epsg }, values };
}
