import { HeituError } from '../core/error.ts';
import type { Window } from '../core/grid.ts';
import { storedFormula } from '../indices/compute.ts';
import { INDICES, type IndexId } from '../indices/table.ts';
import { openRaster, type RasterFile } from '../ingest/geotiff.ts';
import type { Backend, BackendName } from '../kernels/backend.ts';
import { type Converter, converterOf } from '../kernels/convert.ts';
import { type Verification, verifyBackends } from '../kernels/verify.ts';
import type { BandCode } from '../sensors/bands.ts';
import { type BandSource, planBand } from './index-file.ts';
import type { PlannedBand } from './index-work.ts';

export interface VerifyOptions {
  readonly bands: ReadonlyMap<BandCode, BandSource>;
  readonly indices: readonly IndexId[];
  readonly backends: readonly BackendName[];
  /** As for `indexFile`. */
  readonly scale: number | undefined;
  readonly offset: number | undefined;
  readonly onPixels?: (done: number, total: number) => void;
  /** How a back end comes about; a test gives its own. */
  readonly open?: (name: BackendName) => Promise<Backend>;
}

export interface VerifyReport extends Verification {
  readonly width: number;
  readonly height: number;
  /** Indices that these bands cannot make, which were not checked. */
  readonly skipped: readonly { readonly formula: IndexId; readonly missing: readonly BandCode[] }[];
}

/** Pixels at a time: a few million bytes a band. */
const TILE_PIXELS = 1 << 20;

/**
 * Compares back ends over all pixels of an image, with every formula that its bands can make. Throws E_BAND_MISSING
 * when they make none, and E_GRID_MISMATCH when files of bands differ in size.
 */
export async function verifyFile(options: VerifyOptions): Promise<VerifyReport> {
  const skipped = options.indices.flatMap((formula) => {
    const missing = INDICES[formula].bands.filter((name) => !options.bands.has(name));
    return missing.length === 0 ? [] : [{ formula, missing }];
  });
  const ids = options.indices.filter((id) => skipped.every(({ formula }) => formula !== id));
  const needed = [...new Set(ids.flatMap((id): readonly BandCode[] => INDICES[id].bands))];
  if (needed.length === 0) {
    throw new HeituError('E_BAND_MISSING', {
      what: [...new Set(skipped.flatMap(({ missing }) => missing))].join(', '),
      where: [...options.bands.keys()].join(', ') || 'none named',
    });
  }
  const paths = [...new Set(needed.map((name) => options.bands.get(name)!.file))];
  const files: RasterFile[] = [];
  try {
    for (const path of paths) files.push(await openRaster(path));
    for (const file of files) file.checkWhole();
    const { width, height } = commonSize(files);
    const bands = needed.map((name) => {
      const source = options.bands.get(name)!;
      const file = paths.indexOf(source.file);
      return planBand(name, source, files[file]!.info, file, options);
    });
    const tiles = tilesOf(files, bands, { width, height }, options.onPixels);
    const report = await verifyBackends(tiles, ids.map(storedFormula), options.backends, options.open);
    return { ...report, width, height, skipped };
  } finally {
    for (const file of files) await file.close();
  }
}

function commonSize(files: readonly RasterFile[]): { width: number; height: number } {
  const [first, ...others] = files.map(({ info }) => info);
  const other = others.find((info) => info.width !== first!.width || info.height !== first!.height);
  if (other !== undefined) {
    throw new HeituError('E_GRID_MISMATCH', {
      where: `${first!.file}, ${other.file}`,
      what: `${first!.width} × ${first!.height} and ${other.width} × ${other.height}`,
    });
  }
  return first!;
}

/** Bands of the whole image as reflectance, some rows at a time; "no number" where there is no data. */
async function* tilesOf(
  files: readonly RasterFile[],
  bands: readonly PlannedBand[],
  { width, height }: { width: number; height: number },
  onPixels?: (done: number, total: number) => void,
): AsyncGenerator<Record<string, Float32Array>> {
  const converters = new Map<BandCode, Converter>();
  const rows = Math.max(1, Math.floor(TILE_PIXELS / width));
  for (let row = 0; row < height; row += rows) {
    const window: Window = { col: 0, row, width, height: Math.min(rows, height - row) };
    const tile: Record<string, Float32Array> = {};
    for (const { name, file, number, ...conversion } of bands) {
      const [stored] = await files[file]!.read([number], window);
      const convert = converters.get(name) ?? converterOf(stored!, conversion);
      converters.set(name, convert);
      tile[name] = new Float32Array(width * window.height);
      convert({ samples: stored!, start: 0, stride: 1 }, 0, tile[name], 0, tile[name].length);
    }
    yield tile;
    onPixels?.((row + window.height) * width, width * height);
  }
}
