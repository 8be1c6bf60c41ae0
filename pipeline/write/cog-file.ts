import type { Affine } from '../core/affine.ts';
import { isGeographic } from '../core/crs.ts';
import type { CrsKeys } from '../core/crs-keys.ts';
import { type Grid, TILE_SIZE } from '../core/grid.ts';
import { type BlockRules, type Compression, encodingFor } from './block.ts';
import { type BandMeaning, gdalMetadata, splitMetadata } from './metadata.ts';
import { type CogDtype, overviewSizes, type Resampling } from './pyramid.ts';
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

/** Everything a COG says but its pixels. */
export interface CogProfile {
  readonly grid: Grid;
  /** The coordinate system where the grid has no EPSG code. */
  readonly crsKeys?: CrsKeys | null;
  readonly dtype: CogDtype;
  readonly bands: readonly BandMeaning[];
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

/** How the blocks of such a file are encoded. */
export function blockRules({ dtype, nodata, resampling, compress }: CogProfile): BlockRules {
  const encoding = encodingFor(dtype, resampling, compress);
  return { size: TILE_SIZE, nodata, resampling, encoding, isTallied: true };
}

/** One level of the pyramid, full size first: its size in pixels and in blocks. */
export interface LevelShape {
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
}

/** The levels of a COG: halved until one block is enough. 1300 × 700 pixels make 3 × 2, 2 × 1 and 1 × 1 blocks. */
export function levelShapes({ width, height }: Pick<Grid, 'width' | 'height'>): LevelShape[] {
  return [{ width, height }, ...overviewSizes(width, height, TILE_SIZE)].map((size) => ({
    ...size,
    across: Math.ceil(size.width / TILE_SIZE),
    down: Math.ceil(size.height / TILE_SIZE),
  }));
}

/** Bytes in front of every block that hold its length. */
const LEADER = 4;
/** Bytes behind it that repeat its last ones. */
const TRAILER = 4;

/** What the file holds for a block of this many bytes. */
function placeTaken(size: number): number {
  return size === 0 ? 0 : LEADER + size + Math.min(TRAILER, size);
}

/** A block as it lies in the file: its length, itself, its last four bytes again. */
export function framedBlock(block: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] {
  const leader = new Uint8Array(LEADER);
  new DataView(leader.buffer).setUint32(0, block.length, true);
  return [leader, block, block.subarray(Math.max(0, block.length - TRAILER))];
}

/** Offsets in a classic TIFF have 32 bits; some megabytes are left for the directories. */
const CLASSIC_LIMIT = 2 ** 32 - 2 ** 25;

/**
 * The file up to its first block, and its whole length: header, ghost area and directories, with the positions that
 * blocks get when those of the smallest level follow, row by row, then of the next, full size last.
 * `sizes` holds the bytes of every block by level, 0 for one that is left out.
 */
export function layOut(
  profile: CogProfile,
  sizes: readonly (readonly number[])[],
  { bigTiff: wanted }: CogOptions,
): { head: Uint8Array[]; bytes: number } {
  const shapes = levelShapes(profile.grid);
  const blocks = sizes.flat();
  const room = blocks.reduce((sum, size) => sum + 16 + placeTaken(size), 0);
  const bigTiff = wanted === 'always' || room > CLASSIC_LIMIT;
  const ghost = new TextEncoder().encode(GHOST_AREA);
  const first = (bigTiff ? 16 : 8) + ghost.length;
  const at = sizes.map((level) => level.map(() => 0));
  const fieldsOf = (level: number) =>
    levelFields(profile, shapes[level]!, { at: at[level]!, sizes: sizes[level]! }, level > 0, bigTiff);

  const starts: number[] = [];
  let position = first;
  for (const level of shapes.keys()) {
    starts.push(position);
    position += directorySize(fieldsOf(level), bigTiff);
  }
  for (let level = sizes.length - 1; level >= 0; level--) {
    for (const [i, size] of sizes[level]!.entries()) {
      if (size > 0) at[level]![i] = position + LEADER;
      position += placeTaken(size);
    }
  }
  const directories = [...shapes.keys()].map((level) =>
    directoryBytes(fieldsOf(level), starts[level]!, starts[level + 1] ?? 0, bigTiff),
  );
  return { head: [headerBytes(first, bigTiff), ghost, ...directories], bytes: position };
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
  geoDoubles: 34736,
  geoText: 34737,
  gdalMetadata: 42112,
  gdalNodata: 42113,
} as const;

const COMPRESSION_CODE: Readonly<Record<Compression, number>> = { deflate: 8, zstd: 50000 };

function levelFields(
  profile: CogProfile,
  { width, height }: LevelShape,
  placed: { at: readonly number[]; sizes: readonly number[] },
  isOverview: boolean,
  bigTiff: boolean,
): TiffField[] {
  const { bands, nodata, dtype } = profile;
  const isRgb = profile.photometric === 'rgb';
  const extra = bands.length - (isRgb ? 3 : 1);
  return [
    ...(isOverview ? [longs(TAG.subfileType, 1)] : []),
    longs(TAG.width, width),
    longs(TAG.height, height),
    shorts(TAG.bits, ...bands.map(() => BITS[dtype])),
    shorts(TAG.compression, COMPRESSION_CODE[profile.compress]),
    shorts(TAG.photometric, isRgb ? 2 : 1),
    shorts(TAG.samples, bands.length),
    shorts(TAG.planar, 1),
    shorts(TAG.predictor, blockRules(profile).encoding.predictor),
    shorts(TAG.tileWidth, TILE_SIZE),
    shorts(TAG.tileHeight, TILE_SIZE),
    offsets(TAG.tileOffsets, placed.at, bigTiff),
    offsets(TAG.tileSizes, placed.sizes, bigTiff),
    ...(extra > 0 ? [shorts(TAG.extraSamples, ...new Array<number>(extra).fill(0))] : []),
    shorts(TAG.sampleFormat, ...bands.map(() => SAMPLE_FORMAT[dtype])),
    ...(nodata === null ? [] : [text(TAG.gdalNodata, Number.isNaN(nodata) ? 'nan' : String(nodata))]),
    ...(isOverview ? [] : datasetFields(profile)),
  ].sort((a, b) => a.tag - b.tag);
}

const BITS: Readonly<Record<CogDtype, number>> = { uint8: 8, int16: 16, uint16: 16, float32: 32 };

/** TIFF sample formats: unsigned, signed, floating point. */
const SAMPLE_FORMAT: Readonly<Record<CogDtype, number>> = { uint8: 1, int16: 2, uint16: 1, float32: 3 };

/** What is said once a file, in its first directory: where it lies and what its bands are. */
function datasetFields(profile: CogProfile): TiffField[] {
  const { tags, items } = splitMetadata(profile.metadata);
  const xml = gdalMetadata(items, profile.bands);
  return [
    ...(tags.imageDescription === undefined ? [] : [text(TAG.imageDescription, tags.imageDescription)]),
    ...(tags.software === undefined ? [] : [text(TAG.software, tags.software)]),
    ...(tags.datetime === undefined ? [] : [text(TAG.datetime, tags.datetime)]),
    ...transformFields(profile.grid.transform),
    ...crsFields(profile),
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

function crsFields({ grid, crsKeys }: CogProfile): TiffField[] {
  if (grid.epsg !== null) return [geoKeys(grid.epsg)];
  return crsKeys == null ? [] : userDefinedKeys(crsKeys);
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

/** The raster type is not part of a coordinate system: our pixels are areas. */
const PIXEL_IS_AREA = [1025, 1] as const;

/**
 * GeoTIFF keys of a system without an EPSG code: a table of keys in order, in which the values that are no 16-bit numbers are
 * told by their place in the tags of doubles and texts (OGC 19-008r4, 7.1.2). A bar ends a text.
 */
function userDefinedKeys({ shorts: numbers, doubles: reals, texts }: CrsKeys): TiffField[] {
  const rows: [key: number, location: number, count: number, value: number][] = [];
  for (const [key, value] of [...numbers, PIXEL_IS_AREA]) rows.push([key, 0, 1, value]);
  const values: number[] = [];
  for (const [key, own] of reals) {
    rows.push([key, TAG.geoDoubles, own.length, values.length]);
    values.push(...own);
  }
  let words = '';
  for (const [key, own] of texts) {
    // Places in the tag are counted in bytes, so that it holds plain ASCII only.
    const plain = `${own.replace(/[^ -~\n\t]/g, '?')}|`;
    rows.push([key, TAG.geoText, plain.length, words.length]);
    words += plain;
  }
  rows.sort(([a], [b]) => a - b);
  return [
    shorts(TAG.geoKeys, 1, 1, 0, rows.length, ...rows.flat()),
    ...(values.length === 0 ? [] : [doubles(TAG.geoDoubles, values)]),
    ...(words === '' ? [] : [text(TAG.geoText, words)]),
  ];
}
