import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { openRaster, placedGrid, type RasterFile } from '../ingest/geotiff.ts';
import { writeAtomically } from '../write/atomic.ts';
import { newAreaWriter, pixelAreaOf } from '../zones/geojson.ts';
import { newPolygonizer, type SmallRule } from '../zones/polygonize.ts';

export interface PolygonizeFileOptions {
  readonly out: string;
  /** 1-based. */
  readonly band: number;
  readonly connectivity: 4 | 8;
  /** m²; areas under it are small. */
  readonly minArea: number;
  readonly small: SmallRule;
  /** m that a border may be moved to be straighter. */
  readonly simplify: number;
  /** CRS of a raster that does not name its own. */
  readonly epsg: number | undefined;
  readonly onRows?: (done: number, total: number) => void;
}

export interface Polygonized {
  readonly file: string;
  readonly polygons: number;
  /** Areas that were left out because they are small. */
  readonly dropped: number;
  readonly areaM2: number;
}

/**
 * Areas of equal class of a raster band as GeoJSON polygons in longitude and latitude, with class, pixels and geodesic
 * m². No more of the raster is in memory than two rows of blocks. Throws E_PARAMETER_INVALID for a raster of fractions.
 */
export async function polygonizeFile(raster: string, options: PolygonizeFileOptions): Promise<Polygonized> {
  const file = await openRaster(raster);
  const count = { polygons: 0, dropped: 0, areaM2: 0 };
  try {
    checkClasses(file, raster, options.band);
    await writeAtomically(options.out, featureText(file, raster, options, count));
  } finally {
    await file.close();
  }
  return { file: options.out, ...count };
}

function checkClasses({ info }: RasterFile, raster: string, band: number): void {
  if (band > info.bandCount) {
    throw new HeituError('E_BAND_MISSING', {
      what: `number ${band}`,
      where: `${info.bandCount} bands in ${basename(raster)}`,
    });
  }
  if (!/^u?int(8|16)$/.test(info.dtype)) {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: basename(raster),
      what: `${info.dtype}, expected classes of 8 or 16 bits`,
    });
  }
}

async function* featureText(
  file: RasterFile,
  raster: string,
  options: PolygonizeFileOptions,
  count: { polygons: number; dropped: number; areaM2: number },
): AsyncGenerator<Uint8Array> {
  const grid = placedGrid(file.info, raster, options.epsg);
  const pixelArea = pixelAreaOf(grid);
  const writer = newAreaWriter(grid, options.small === 'drop' ? options.minArea : 0);
  const polygonizer = newPolygonizer({
    width: grid.width,
    nodata: file.info.nodata,
    connectivity: options.connectivity,
    leastPixels: options.small === 'merge' ? options.minArea / pixelArea : 0,
    small: options.small,
    tolerance: options.simplify / Math.sqrt(pixelArea),
    onArea: (area) => {
      const m2 = writer.add(area);
      if (m2 === null) count.dropped += 1;
      else {
        count.polygons += 1;
        count.areaM2 += m2;
      }
    },
  });
  yield Buffer.from('{"type":"FeatureCollection","features":[');
  const step = stripHeightOf(file);
  const read = (row: number) => {
    if (row >= grid.height) return null;
    return file.read([options.band], {
      col: 0,
      row,
      width: grid.width,
      height: Math.min(step, grid.height - row),
    });
  };
  let next = read(0);
  for (let row = 0; row < grid.height; row += step) {
    const [data] = (await next)!;
    // The next rows are decoded while these are traced.
    next = read(row + step);
    next?.catch(() => undefined);
    polygonizer.addRows(data!, Math.min(step, grid.height - row));
    options.onRows?.(Math.min(row + step, grid.height), grid.height);
    yield writer.take(false);
  }
  polygonizer.finish();
  yield writer.take(true);
  yield Buffer.from('\n]}\n');
}

/** A row of blocks, or several flat ones; of an uncompressed raster any number of rows. */
function stripHeightOf({ info }: RasterFile): number {
  const [, height] = info.block;
  if (info.compression === 'none' || info.sequential) return 256;
  return height >= 128 ? height : height * Math.ceil(128 / height);
}
