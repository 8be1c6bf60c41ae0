import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HeituError } from '../core/error.ts';
import { crop, type Grid, tilesOf, type Window } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import { type LooseTile, withBands } from '../core/tile.ts';
import { computeIndex, quantise } from '../indices/compute.ts';
import { INDICES, type IndexId } from '../indices/table.ts';
import { placedGrid } from '../ingest/door.ts';
import { type Dtype, openRaster, type RasterFile } from '../ingest/geotiff.ts';
import type { Backend } from '../kernels/backend.ts';
import { flagImplausible } from '../mask/validity.ts';
import { BANDS, type BandCode, isBandCode } from '../sensors/bands.ts';
import { writeCog } from '../write/cog.ts';

/** Where a band is: a file and a 1-based band number in it. */
export interface BandSource {
  readonly file: string;
  readonly number: number;
}

export interface IndexFileOptions {
  readonly bands: ReadonlyMap<BandCode, BandSource>;
  readonly indices: readonly IndexId[];
  readonly stem: string;
  readonly out: string;
  /** `reflectance = scale * stored + offset`; left out, the file's own scale, else a convention by dtype. */
  readonly scale: number | undefined;
  readonly offset: number | undefined;
  /** CRS of files that do not name their own. */
  readonly epsg: number | undefined;
  readonly compress: 'deflate' | 'zstd';
  readonly backend: Backend;
  readonly version: string;
  readonly onTile?: (done: number, total: number) => void;
}

export interface IndexFile {
  readonly index: IndexId;
  readonly file: string;
  readonly bytes: number;
  readonly validFraction: number;
}

/** Reflectance per stored count where neither file nor person says: what most products of that dtype use. */
const CONVENTION: Readonly<Partial<Record<Dtype, number>>> = {
  uint8: 1 / 255,
  uint16: 0.0001,
  int16: 0.0001,
};

/**
 * `B=1,G=2,R=3,N=4` (band numbers of `file`) or `N=nir.tif,R=red.tif` (band 1 of each), by ASI code or STAC common name.
 * Throws E_PARAMETER_INVALID for what cannot be read.
 */
export function parseBands(text: string, file: string | null): Map<BandCode, BandSource> {
  const bands = new Map<BandCode, BandSource>();
  for (const part of text.split(',')) {
    const [name = '', target = ''] = part.split('=', 2).map((item) => item.trim());
    const code = bandCode(name);
    const refuse = (what: string) => new HeituError('E_PARAMETER_INVALID', { where: '--bands', what });
    if (code === null) throw refuse(`${part}: no band ${name}; known are ${Object.keys(BANDS).join(', ')}`);
    if (target === '') throw refuse(`${part}: write it as N=4 or N=nir.tif`);
    if (bands.has(code)) throw refuse(`${name} is given twice`);
    if (/^\d+$/.test(target)) {
      if (file === null) throw refuse(`${part}: a band number needs a file to count in`);
      if (Number(target) < 1) throw refuse(`${part}: bands count from 1`);
      bands.set(code, { file, number: Number(target) });
    } else bands.set(code, { file: target, number: 1 });
  }
  return bands;
}

/** Bands a file names itself: a word of the band's description is an ASI code or common name (`B08 nir`). */
export function namedBands(
  file: string,
  descriptions: readonly (string | null)[],
): Map<BandCode, BandSource> {
  const bands = new Map<BandCode, BandSource>();
  for (const [i, description] of descriptions.entries()) {
    const codes = (description ?? '').split(/\s+/).map(bandCode);
    const code = codes.find((one) => one !== null) ?? null;
    if (code !== null && !bands.has(code)) bands.set(code, { file, number: i + 1 });
  }
  return bands;
}

function bandCode(name: string): BandCode | null {
  if (isBandCode(name)) return name;
  const found = (Object.keys(BANDS) as BandCode[]).find((code) => BANDS[code].common === name.toLowerCase());
  return found ?? null;
}

/** Computes indices of one image without a database: `OUT/<stem>_<INDEX>.tif`, a COG each. */
export async function indexFile(options: IndexFileOptions): Promise<IndexFile[]> {
  const needed = [...new Set(options.indices.flatMap((id) => INDICES[id].bands))];
  const missing = needed.filter((name) => !options.bands.has(name));
  if (missing.length > 0) {
    throw new HeituError('E_BAND_MISSING', {
      what: missing.join(', '),
      where: [...options.bands.keys()].join(', ') || 'none named',
    });
  }
  const sources = new Map(needed.map((name) => [name, options.bands.get(name)!]));
  const files = await openAll(new Set([...sources.values()].map((source) => source.file)));
  try {
    for (const file of files.values()) file.checkWhole();
    const grid = commonGrid(files, options.epsg);
    const readers = [...sources].map(([name, source]) =>
      bandReader(name, source, files.get(source.file)!, options),
    );
    const n = grid.width * grid.height;
    const counts = new Map(options.indices.map((id) => [id, new Int16Array(n)]));
    const tiles = tilesOf(grid);
    for (const [done, window] of tiles.entries()) {
      const tile = await readReflectance(readers, grid, window);
      for (const id of options.indices) {
        const index = await computeIndex(id, withBands(tile, INDICES[id].bands), options.backend);
        const stored = quantise(index, INDICES[id].scale);
        for (let row = 0; row < window.height; row++) {
          const line = stored.subarray(row * window.width, (row + 1) * window.width);
          counts.get(id)!.set(line, (window.row + row) * grid.width + window.col);
        }
      }
      options.onTile?.(done + 1, tiles.length);
    }
    await mkdir(options.out, { recursive: true });
    const written: IndexFile[] = [];
    for (const [id, data] of counts) written.push(await writeIndex(id, data, grid, options));
    return written;
  } finally {
    for (const file of files.values()) await file.close();
  }
}

async function writeIndex(
  id: IndexId,
  data: Int16Array,
  grid: Grid,
  options: IndexFileOptions,
): Promise<IndexFile> {
  const file = join(options.out, `${options.stem}_${id}.tif`);
  const { bytes } = await writeCog(file, {
    grid,
    bands: [{ data, description: id, unit: '1', scale: INDICES[id].scale, offset: 0 }],
    nodata: -32768,
    compress: options.compress,
    resampling: 'average',
    metadata: {
      SOFTWARE: `heitu ${options.version}`,
      FORMULA: INDICES[id].formula,
      BACKEND: options.backend.name,
    },
  });
  let valid = 0;
  for (const count of data) if (count !== -32768) valid += 1;
  return { index: id, file, bytes, validFraction: valid / data.length };
}

async function openAll(paths: ReadonlySet<string>): Promise<Map<string, RasterFile>> {
  const files = new Map<string, RasterFile>();
  try {
    for (const path of paths) files.set(path, await openRaster(path));
  } catch (error) {
    for (const file of files.values()) await file.close();
    throw error;
  }
  return files;
}

/** Bands from several files must lie on one grid. */
function commonGrid(files: ReadonlyMap<string, RasterFile>, epsg: number | undefined): Grid {
  const [first, ...others] = [...files].map(
    ([path, file]) => [path, placedGrid(file.info, path, epsg)] as const,
  );
  const [path, grid] = first!;
  for (const [other, theirs] of others) {
    const same =
      theirs.width === grid.width &&
      theirs.height === grid.height &&
      theirs.epsg === grid.epsg &&
      theirs.transform.every(
        (value, i) => Math.abs(value - grid.transform[i]!) <= 1e-6 * Math.abs(grid.transform[1]),
      );
    if (!same)
      throw new HeituError('E_GRID_MISMATCH', {
        where: `${basename(path)}, ${basename(other)}`,
        what: `${grid.width} × ${grid.height} and ${theirs.width} × ${theirs.height}, or other position`,
      });
  }
  return grid;
}

interface BandReader {
  readonly name: BandCode;
  readonly number: number;
  readonly file: RasterFile;
  readonly scale: number;
  readonly offset: number;
  /** True when scale or offset were stated by the person or the file, so that values are known to be reflectance. */
  readonly isStated: boolean;
}

function bandReader(
  name: BandCode,
  source: BandSource,
  file: RasterFile,
  options: IndexFileOptions,
): BandReader {
  const band = file.info.bands[source.number - 1];
  if (band === undefined) {
    throw new HeituError('E_BAND_MISSING', {
      what: `${name} (number ${source.number})`,
      where: `${file.info.bandCount} bands in ${basename(dirname(source.file))}/${basename(source.file)}`,
    });
  }
  return {
    name,
    number: source.number,
    file,
    scale: options.scale ?? band.scale ?? CONVENTION[file.info.dtype] ?? 1,
    offset: options.offset ?? band.offset ?? 0,
    isStated:
      options.scale !== undefined ||
      options.offset !== undefined ||
      (band.scale !== null && band.scale !== 1),
  };
}

async function readReflectance(
  readers: readonly BandReader[],
  grid: Grid,
  window: Window,
): Promise<LooseTile<'boa'>> {
  const n = window.width * window.height;
  const quality = new Uint16Array(n);
  const bands: Record<string, Float32Array> = {};
  for (const { name, number, file, scale, offset } of readers) {
    const [stored] = await file.read([number], window);
    const { nodata } = file.info;
    const out = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const value = Number(stored![i]);
      if (value === nodata || Number.isNaN(value)) quality[i]! |= QUALITY.NODATA.bit;
      out[i] = value * scale + offset;
    }
    bands[name] = out;
  }
  const tile: LooseTile<'boa'> = { unit: 'boa', grid: crop(grid, window), bands, quality };
  return readers.every((reader) => reader.isStated) ? flagImplausible(tile) : tile;
}
