import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { normal, seeded } from '../../pipeline/core/random.ts';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';

/** Where every bench raster lies: 3 m pixels in EPSG:4551 at 44° N 126° E. */
export const ORIGIN = { x: 500_000, y: 4_890_000, pixel: 3, epsg: 4551 } as const;

const ROWS_PER_STRIP = 16;
const NOISE = 2 ** 20;

/** Tags of a little-endian classic TIFF of one interleaved image in uncompressed strips, as Jilin-1 delivers it. */
function head(size: number, bands: number, bits: number, nodata: string | null): Buffer {
  const strips = Math.ceil(size / ROWS_PER_STRIP);
  const rowBytes = (size * bands * bits) / 8;
  const geo = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, ORIGIN.epsg];
  const doubles = (values: readonly number[]) => Buffer.from(Float64Array.from(values).buffer);
  const shorts = (values: readonly number[]) => Buffer.from(Uint16Array.from(values).buffer);
  const longs = (values: ArrayLike<number>) => Buffer.from(Uint32Array.from(values).buffer);
  const tie = [0, 0, 0, ORIGIN.x, ORIGIN.y, 0];
  const tags: { tag: number; type: number; count: number; bytes: Buffer }[] = [];
  const add = (tag: number, type: number, count: number, bytes: Buffer) =>
    tags.push({ tag, type, count, bytes });
  const short = (tag: number, ...values: number[]) => add(tag, 3, values.length, shorts(values));
  add(256, 4, 1, longs([size]));
  add(257, 4, 1, longs([size]));
  short(258, ...Array<number>(bands).fill(bits));
  short(259, 1);
  short(262, 1);
  add(273, 4, strips, longs([0]));
  short(277, bands);
  short(278, ROWS_PER_STRIP);
  add(279, 4, strips, longs([0]));
  short(284, 1);
  if (bands > 1) short(338, ...Array<number>(bands - 1).fill(0));
  short(339, ...Array<number>(bands).fill(1));
  add(33_550, 12, 3, doubles([ORIGIN.pixel, ORIGIN.pixel, 0]));
  add(33_922, 12, 6, doubles(tie));
  add(34_735, 3, geo.length, shorts(geo));
  if (nodata !== null) add(42_113, 2, nodata.length + 1, Buffer.from(`${nodata}\0`));
  let free = 8 + 2 + tags.length * 12 + 4;
  const places = tags.map(({ tag, count, bytes }) => {
    const length = tag === 273 || tag === 279 ? 4 * count : bytes.length;
    const at = free;
    if (length > 4) free += length + (length % 2);
    return at;
  });
  const data = Math.ceil(free / 4096) * 4096;
  const offsets = Float64Array.from({ length: strips }, (_, i) => data + i * ROWS_PER_STRIP * rowBytes);
  const sizes = Float64Array.from({ length: strips }, (_, i) => {
    return Math.min(ROWS_PER_STRIP, size - i * ROWS_PER_STRIP) * rowBytes;
  });
  if (offsets.at(-1)! + rowBytes > 2 ** 32) throw new RangeError('a classic TIFF holds no more than 4 GiB');
  const out = Buffer.alloc(data);
  out.write('II*\0', 'latin1');
  out.writeUInt32LE(8, 4);
  out.writeUInt16LE(tags.length, 8);
  tags.forEach(({ tag, type, count, bytes }, i) => {
    const at = 10 + i * 12;
    const own = tag === 273 ? longs(offsets) : tag === 279 ? longs(sizes) : bytes;
    out.writeUInt16LE(tag, at);
    out.writeUInt16LE(type, at + 2);
    out.writeUInt32LE(count, at + 4);
    if (own.length <= 4) own.copy(out, at + 8);
    else {
      out.writeUInt32LE(places[i]!, at + 8);
      own.copy(out, places[i]!);
    }
  });
  return out;
}

/** Writes rows that `fill` makes, with back-pressure, so that a raster of any size takes a few MiB. */
async function writeRows(
  path: string,
  header: Buffer,
  size: number,
  row: Uint16Array | Uint8Array,
  fill: (line: number) => void,
): Promise<void> {
  const stream = createWriteStream(path, { highWaterMark: 2 ** 22 });
  stream.write(header);
  for (let line = 0; line < size; line++) {
    fill(line);
    const bytes = Buffer.from(row.buffer.slice(0));
    if (!stream.write(bytes)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'close');
}

/**
 * Four bands of 16-bit counts (reflectance times 10,000: blue, green, red, near infrared) of fields of some 60 pixels with
 * noise of 1.5 %; the upper left and lower right corner are 0, as in a scene that lies askew.
 */
export async function makeScene(path: string, size: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const noise = Int16Array.from({ length: NOISE }, () => Math.round(60 * normal(random)));
  const fields = Float64Array.from({ length: 4096 }, () => random());
  const row = new Uint16Array(size * 4);
  const wedge = size / 8;
  await writeRows(path, head(size, 4, 16, '0'), size, row, (line) => {
    let at = Math.floor(random() * NOISE);
    const next = () => {
      at = (at + 1) & (NOISE - 1);
      return noise[at]!;
    };
    for (let col = 0, to = 0; col < size; col++, to += 4) {
      if (col + line < wedge || 2 * size - col - line < wedge) {
        row.fill(0, to, to + 4);
        continue;
      }
      const field = ((col >> 6) * 73 + ((line + (col >> 4)) >> 6) * 151) & 4095;
      const green = fields[field]!;
      row[to] = 500 + 300 * (1 - green) + next();
      row[to + 1] = 800 + 300 * (1 - green) + next();
      row[to + 2] = 600 + 1400 * (1 - green) + next();
      row[to + 3] = 1800 + 2600 * green + next();
    }
  });
}

/** A class raster of 8 bits: `blobs` round patches of classes 1 to 3, 3 to 15 pixels across, on 0. */
export async function makeBlobs(path: string, size: number, blobs: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const image = new Uint8Array(size * size);
  for (let i = 0; i < blobs; i++) {
    const [x, y] = [random() * size, random() * size];
    const r = 1.5 + 6 * random();
    const kind = 1 + Math.floor(3 * random());
    for (let row = Math.max(0, Math.ceil(y - r)); row < Math.min(size, y + r); row++) {
      const half = Math.sqrt(r * r - (row - y) ** 2);
      const left = Math.max(0, Math.ceil(x - half));
      image.fill(kind, row * size + left, row * size + Math.max(left, Math.min(size, Math.ceil(x + half))));
    }
  }
  const row = new Uint8Array(size);
  await writeRows(path, head(size, 1, 8, '0'), size, row, (line) => {
    row.set(image.subarray(line * size, (line + 1) * size));
  });
}

/** Parcels as turned rectangles of 0.1 to 5 ha on a loose grid over the raster, in longitude and latitude of the raster's CRS. */
export async function makeParcels(path: string, size: number, count: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const across = Math.ceil(Math.sqrt(count));
  const cell = (size * ORIGIN.pixel) / across;
  const features = Array.from({ length: count }, (_, i) => {
    const x = ORIGIN.x + ((i % across) + 0.5) * cell;
    const y = ORIGIN.y - (Math.floor(i / across) + 0.5) * cell;
    const [half, turn] = [cell * (0.2 + 0.25 * random()), random() * Math.PI];
    const other = half * (0.4 + 0.6 * random());
    const ring = [
      [-half, -other],
      [half, -other],
      [half, other],
      [-half, other],
      [-half, -other],
    ].map(([a, b]) => [
      x + a! * Math.cos(turn) - b! * Math.sin(turn),
      y + a! * Math.sin(turn) + b! * Math.cos(turn),
    ]);
    return {
      type: 'Feature',
      id: `P${i}`,
      properties: { id: `P${i}` },
      geometry: { type: 'Polygon', coordinates: [ring] },
    };
  });
  const crs = { type: 'name', properties: { name: `urn:ogc:def:crs:EPSG::${ORIGIN.epsg}` } };
  await writeFile(path, JSON.stringify({ type: 'FeatureCollection', crs, features }));
}

/** All pixels of one band as numbers, a few rows at a time; for comparing outputs. */
export async function* rowsOf(path: string): AsyncGenerator<ArrayLike<number | bigint>> {
  const raster = await openRaster(path);
  try {
    const { width, height } = raster.info;
    for (let row = 0; row < height; row += 512) {
      const [rows] = await raster.read([1], { col: 0, row, width, height: Math.min(512, height - row) });
      yield rows!;
    }
  } finally {
    await raster.close();
  }
}
