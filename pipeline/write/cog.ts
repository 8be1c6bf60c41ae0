import { createHash } from 'node:crypto';
import type { Affine } from '../core/affine.ts';
import { isGeographic } from '../core/crs.ts';
import { type Grid, TILE_SIZE } from '../core/grid.ts';
import { writeAtomically } from './atomic.ts';
import { type Compression, type Encoding, encodeBlock, encodingFor, gatherBlock } from './block.ts';
import { gdalMetadata, splitMetadata } from './metadata.ts';
import { type CogArray, halve, type Plane, type Resampling } from './pyramid.ts';
import {
  directoryBytes,
  directorySize,
  doubles,
  GHOST_AREA,
  headerBytes,
  longs,
  offsets,
  shorts,
  type TiffField,
  text,
} from './structure.ts';

/** One band to be written: values as stored, and what they mean (`value = stored * scale + offset`). */
export interface CogBand {
  readonly data: CogArray;
  readonly description: string;
  readonly unit?: string;
  readonly scale?: number;
  readonly offset?: number;
}

export interface CogInput {
  readonly grid: Grid;
  /** All of one dtype, each `grid.width * grid.height` long. */
  readonly bands: readonly CogBand[];
  readonly nodata: number | null;
  readonly compress: Compression;
  /** How overviews are made: `average` for measurements, `mode` for classes. */
  readonly resampling: Resampling;
  readonly photometric?: 'rgb' | 'minisblack';
  /** Dataset items of the GDAL metadata; `TIFFTAG_DATETIME`, `TIFFTAG_SOFTWARE` and `TIFFTAG_IMAGEDESCRIPTION` become tags. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CogOptions {
  /** BigTIFF when the file needs it (over 4 GB), or always. */
  readonly bigTiff?: 'auto' | 'always';
}

/**
 * Writes a Cloud-Optimized GeoTIFF in the layout of GDAL's COG driver: 512 × 512 blocks, deflate or zstd with predictor,
 * halved overviews until one block is enough, directories first, the smallest overview's data next, full resolution last.
 * Blocks without a valid pixel are left out. Same input, same bytes. Source: OGC 21-026 (COG 1.0), GDAL COG driver.
 *
 * Throws E_WRITE_FAILED; the file appears under its name only when it is complete.
 * `await writeCog('ndvi.tif', {grid, bands: [{data, description: 'NDVI', scale: 0.0001}], nodata: -32768, …})`.
 */
export async function writeCog(
  path: string,
  input: CogInput,
  options: CogOptions = {},
): Promise<{ bytes: number; sha256: string }> {
  checkInput(input);
  const levels = await encodeLevels(input);
  const chunks = [...fileChunks(input, levels, options)];
  const hash = createHash('sha256');
  let bytes = 0;
  for (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  await writeAtomically(path, chunks);
  return { bytes, sha256: hash.digest('hex') };
}

/** Mistakes of the caller, not of the data: they are bugs, so they get no error code. */
function checkInput({ grid, bands, photometric }: CogInput): void {
  const first = bands[0];
  if (first === undefined) throw new RangeError('a COG needs at least one band');
  for (const { data, description } of bands) {
    if (data.constructor !== first.data.constructor)
      throw new TypeError(`band ${description} has another dtype`);
    if (data.length !== grid.width * grid.height) {
      throw new RangeError(
        `band ${description} has ${data.length} pixels, the grid ${grid.width} × ${grid.height}`,
      );
    }
  }
  if (photometric === 'rgb' && bands.length < 3) throw new RangeError('an RGB image needs three bands');
}

/** One encoded pyramid level; a null block holds no valid pixel. */
interface EncodedLevel {
  readonly width: number;
  readonly height: number;
  readonly blocks: readonly (Uint8Array | null)[];
}

function encodingOf({ bands, resampling, compress }: CogInput): Encoding {
  return encodingFor(bands[0]!.data, resampling, compress);
}

/** How many blocks are compressed at a time: libuv has four threads. */
const CONCURRENCY = 4;

async function encodeLevels(input: CogInput): Promise<EncodedLevel[]> {
  const { grid, nodata, resampling } = input;
  const encoding = encodingOf(input);
  let planes: Plane[] = input.bands.map(({ data }) => ({ width: grid.width, height: grid.height, data }));
  const levels = [await encodeLevel(planes, nodata, encoding)];
  while (planes[0]!.width > TILE_SIZE || planes[0]!.height > TILE_SIZE) {
    planes = planes.map((plane) => halve(plane, nodata, resampling));
    levels.push(await encodeLevel(planes, nodata, encoding));
  }
  return levels;
}

async function encodeLevel(
  planes: readonly Plane[],
  nodata: number | null,
  encoding: Encoding,
): Promise<EncodedLevel> {
  const { width, height } = planes[0]!;
  const across = Math.ceil(width / TILE_SIZE);
  const count = across * Math.ceil(height / TILE_SIZE);
  const blocks = new Array<Uint8Array | null>(count).fill(null);
  let next = 0;
  const work = async () => {
    while (next < count) {
      const i = next++;
      const pixels = gatherBlock(
        planes,
        { across: i % across, down: Math.floor(i / across) },
        TILE_SIZE,
        nodata,
      );
      if (pixels !== null) blocks[i] = await encodeBlock(pixels, TILE_SIZE, planes.length, encoding);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { width, height, blocks };
}

/** The whole file, piece by piece, from the header to the last block. */
function* fileChunks(
  input: CogInput,
  levels: readonly EncodedLevel[],
  options: CogOptions,
): Generator<Uint8Array> {
  const bigTiff = options.bigTiff === 'always' || roomNeeded(levels) > CLASSIC_LIMIT;
  const header = bigTiff ? 16 : 8;
  const ghost = new TextEncoder().encode(GHOST_AREA);
  const first = header + ghost.length;
  const placed = levels.map(({ blocks }) => ({
    at: blocks.map(() => 0),
    sizes: blocks.map((b) => b?.length ?? 0),
  }));
  const fieldsOf = (i: number) => levelFields(input, levels[i]!, placed[i]!, i > 0, bigTiff);

  const starts: number[] = [];
  let position = first;
  for (let i = 0; i < levels.length; i++) {
    starts.push(position);
    position += directorySize(fieldsOf(i), bigTiff);
  }
  for (let i = levels.length - 1; i >= 0; i--) {
    levels[i]!.blocks.forEach((block, b) => {
      if (block === null) return;
      placed[i]!.at[b] = position + LEADER;
      position += LEADER + block.length + trailerOf(block).length;
    });
  }

  yield headerBytes(first, bigTiff);
  yield ghost;
  for (let i = 0; i < levels.length; i++)
    yield directoryBytes(fieldsOf(i), starts[i]!, starts[i + 1] ?? 0, bigTiff);
  for (let i = levels.length - 1; i >= 0; i--) {
    for (const block of levels[i]!.blocks) {
      if (block === null) continue;
      yield leaderOf(block);
      yield block;
      yield trailerOf(block);
    }
  }
}

/** Offsets in a classic TIFF have 32 bits; some megabytes are left for the directories. */
const CLASSIC_LIMIT = 2 ** 32 - 2 ** 25;

/** Bytes in front of every block that hold its length. */
const LEADER = 4;

function roomNeeded(levels: readonly EncodedLevel[]): number {
  return levels.reduce(
    (sum, { blocks }) => blocks.reduce((s, b) => s + 16 + (b === null ? 0 : b.length + 8), sum),
    0,
  );
}

function leaderOf(block: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LEADER);
  new DataView(bytes.buffer).setUint32(0, block.length, true);
  return bytes;
}

function trailerOf(block: Uint8Array): Uint8Array {
  return block.subarray(Math.max(0, block.length - 4));
}

/** TIFF, GeoTIFF and GDAL tag numbers. */
const TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  imageDescription: 270,
  samples: 277,
  planar: 284,
  software: 305,
  datetime: 306,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileSizes: 325,
  extraSamples: 338,
  sampleFormat: 339,
  pixelScale: 33550,
  tiepoint: 33922,
  transformation: 34264,
  geoKeys: 34735,
  gdalMetadata: 42112,
  gdalNodata: 42113,
} as const;

const COMPRESSION_CODE: Readonly<Record<Compression, number>> = { deflate: 8, zstd: 50000 };

function levelFields(
  input: CogInput,
  level: EncodedLevel,
  placed: { at: readonly number[]; sizes: readonly number[] },
  isOverview: boolean,
  bigTiff: boolean,
): TiffField[] {
  const { bands, nodata } = input;
  const sample = bands[0]!.data;
  const isFloat = sample instanceof Float32Array;
  const format = isFloat ? 3 : sample instanceof Int16Array ? 2 : 1;
  const isRgb = input.photometric === 'rgb';
  const extra = bands.length - (isRgb ? 3 : 1);
  return [
    ...(isOverview ? [longs(TAG.subfileType, 1)] : []),
    longs(TAG.width, level.width),
    longs(TAG.height, level.height),
    shorts(TAG.bits, ...bands.map(() => sample.BYTES_PER_ELEMENT * 8)),
    shorts(TAG.compression, COMPRESSION_CODE[input.compress]),
    shorts(TAG.photometric, isRgb ? 2 : 1),
    shorts(TAG.samples, bands.length),
    shorts(TAG.planar, 1),
    shorts(TAG.predictor, encodingOf(input).predictor),
    shorts(TAG.tileWidth, TILE_SIZE),
    shorts(TAG.tileHeight, TILE_SIZE),
    offsets(TAG.tileOffsets, placed.at, bigTiff),
    offsets(TAG.tileSizes, placed.sizes, bigTiff),
    ...(extra > 0 ? [shorts(TAG.extraSamples, ...new Array<number>(extra).fill(0))] : []),
    shorts(TAG.sampleFormat, ...bands.map(() => format)),
    ...(nodata === null ? [] : [text(TAG.gdalNodata, Number.isNaN(nodata) ? 'nan' : String(nodata))]),
    ...(isOverview ? [] : datasetFields(input)),
  ].sort((a, b) => a.tag - b.tag);
}

/** What is said once a file, in its first directory: where it lies and what its bands are. */
function datasetFields(input: CogInput): TiffField[] {
  const { tags, items } = splitMetadata(input.metadata);
  const xml = gdalMetadata(items, input.bands);
  return [
    ...(tags.imageDescription === undefined ? [] : [text(TAG.imageDescription, tags.imageDescription)]),
    ...(tags.software === undefined ? [] : [text(TAG.software, tags.software)]),
    ...(tags.datetime === undefined ? [] : [text(TAG.datetime, tags.datetime)]),
    ...transformFields(input.grid.transform),
    ...(input.grid.epsg === null ? [] : [geoKeys(input.grid.epsg)]),
    text(TAG.gdalMetadata, xml),
  ];
}

function transformFields(t: Affine): TiffField[] {
  const [x, width, rowRotation, y, columnRotation, height] = t;
  // Scale and tie point is what every reader knows; they can say north-up only.
  if (rowRotation === 0 && columnRotation === 0 && width > 0 && height < 0) {
    return [doubles(TAG.pixelScale, [width, -height, 0]), doubles(TAG.tiepoint, [0, 0, 0, x, y, 0])];
  }
  const matrix = [width, rowRotation, 0, x, columnRotation, height, 0, y, 0, 0, 0, 0, 0, 0, 0, 1];
  return [doubles(TAG.transformation, matrix)];
}

/** GeoTIFF keys that name an EPSG code, pixels being areas (OGC 19-008r4, annex A: 1024, 1025, 2048 or 3072). */
function geoKeys(epsg: number): TiffField {
  const geographic = isGeographic(epsg);
  const keys = [
    [1024, 0, 1, geographic ? 2 : 1],
    [1025, 0, 1, 1],
    [geographic ? 2048 : 3072, 0, 1, epsg],
  ];
  return shorts(TAG.geoKeys, 1, 1, 0, keys.length, ...keys.flat());
}
