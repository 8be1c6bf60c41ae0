import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { handMade, plainTags, type Tag } from '../pipeline/ingest/tiff.ts';
import { entriesOf } from './mutate.ts';

/** What a reader must do: refuse the file, refuse to place it on the earth, or take it; `either` may be read or refused. */
export type Duty = 'refuse' | 'refuse to place' | 'read' | 'either';

export interface Hostile {
  readonly name: string;
  readonly layer: 'structure' | 'pixels' | 'resource' | 'geo' | 'text' | 'polyglot' | 'honest';
  readonly duty: Duty;
  readonly bytes: Uint8Array;
}

const SIZE = 32;
const KEYS = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 4551];
const short = (tag: number, ...values: number[]): Tag => ({ tag, type: 3, values });
const long = (tag: number, ...values: number[]): Tag => ({ tag, type: 4, values });
const double = (tag: number, ...values: number[]): Tag => ({ tag, type: 12, values });
const text = (tag: number, values: string): Tag => ({ tag, type: 2, values });

/** Four bands of 8 bits, 32 × 32, well placed: what every hostile file is a bent copy of. */
const PLACE = [
  double(33_550, 3, 3, 0),
  double(33_922, 0, 0, 0, 516_000, 4_873_800, 0),
  short(34_735, ...KEYS),
];
const BANDS = [short(258, 8, 8, 8, 8), short(277, 4), short(339, 1, 1, 1, 1), short(338, 0, 0, 0)];
const PIXELS = Uint8Array.from({ length: SIZE * SIZE * 4 }, (_, i) => 20 + ((i * 7) % 200));

function image(
  changes: readonly Tag[] = [],
  blocks: readonly Uint8Array[] = [PIXELS],
  tiled = false,
): Uint8Array {
  const own = [...BANDS, ...PLACE].filter((tag) => !changes.some((change) => change.tag === tag.tag));
  return handMade({ tags: plainTags(SIZE, SIZE, [...own, ...changes]), blocks, tiled });
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Changes the 12 bytes of one entry of the first directory: its type, count, or value. */
function bend(
  bytes: Uint8Array,
  tag: number,
  change: { type?: number; count?: number; value?: number },
): Uint8Array {
  const data = view(bytes);
  for (const at of entriesOf(bytes)) {
    if (data.getUint16(at, true) !== tag) continue;
    if (change.type !== undefined) data.setUint16(at + 2, change.type, true);
    if (change.count !== undefined) data.setUint32(at + 4, change.count, true);
    if (change.value !== undefined) data.setUint32(at + 8, change.value, true);
    return bytes;
  }
  throw new RangeError(`there is no tag ${tag}`);
}

function endOfDirectory(bytes: Uint8Array): number {
  return entriesOf(bytes).at(-1)! + 12;
}

/** The picture with the pointer behind its first directory set. */
function chained(next: number): Uint8Array {
  const bytes = image();
  view(bytes).setUint32(endOfDirectory(bytes), next, true);
  return bytes;
}

/** A plain grey image of any size whose blocks lie at one place or nowhere. */
function sized(
  width: number,
  height: number,
  more: readonly Tag[],
  blocks: readonly Uint8Array[],
  tiled = false,
) {
  const tags = [long(256, width), long(257, height), long(278, height), ...PLACE, ...more];
  return handMade({ tags: plainTags(SIZE, SIZE, tags), blocks, tiled });
}

/** Tiles that all point at one block. */
function repeatedTiles(
  width: number,
  height: number,
  edge: number,
  compression: number,
  block: Uint8Array,
): Uint8Array {
  const count = Math.ceil(width / edge) * Math.ceil(height / edge);
  const tags = plainTags(SIZE, SIZE, [
    ...[long(256, width), long(257, height), short(259, compression), short(322, edge), short(323, edge)],
    ...PLACE,
  ]).filter(({ tag }) => tag !== 278);
  const offsets = Array<number>(count).fill(0);
  const bytes = handMade({
    tags: [...tags, long(324, ...offsets), long(325, ...offsets.map(() => block.length))],
    blocks: [],
  });
  const whole = new Uint8Array(bytes.length + block.length);
  whole.set(bytes);
  whole.set(block, bytes.length);
  const data = view(whole);
  for (const at of entriesOf(whole)) {
    if (data.getUint16(at, true) !== 324 || data.getUint32(at + 4, true) !== count) continue;
    const start = data.getUint32(at + 8, true);
    for (let i = 0; i < count; i++) data.setUint32(start + 4 * i, bytes.length, true);
  }
  return whole;
}

const bytesOf = (words: string) => new TextEncoder().encode(words);

function structure(): [string, Duty, Uint8Array][] {
  const cut = image();
  return [
    ['empty', 'refuse', new Uint8Array()],
    ['one-byte', 'refuse', Uint8Array.of(0x49)],
    ['seven-bytes', 'refuse', image().slice(0, 7)],
    ['header-only', 'refuse', image().slice(0, 8)],
    [
      'directory-beyond-the-end',
      'refuse',
      (() => {
        const bytes = image();
        view(bytes).setUint32(4, 0x7fffffff, true);
        return bytes;
      })(),
    ],
    [
      'directory-at-0',
      'refuse',
      (() => {
        const bytes = image();
        view(bytes).setUint32(4, 0, true);
        return bytes;
      })(),
    ],
    [
      'directory-of-no-entries',
      'refuse',
      (() => {
        const bytes = image();
        view(bytes).setUint16(8, 0, true);
        return bytes;
      })(),
    ],
    [
      'directory-of-65535-entries',
      'refuse',
      (() => {
        const bytes = image();
        view(bytes).setUint16(8, 65_535, true);
        return bytes;
      })(),
    ],
    ['directory-that-follows-itself', 'either', chained(8)],
    ['directory-that-follows-its-own-middle', 'either', chained(20)],
    ['next-directory-beyond-the-end', 'either', chained(0xfffffff0)],
    [
      'version-44',
      'refuse',
      (() => {
        const bytes = image();
        view(bytes).setUint16(2, 44, true);
        return bytes;
      })(),
    ],
    [
      'big-tiff-header-on-a-classic-file',
      'refuse',
      (() => {
        const bytes = image();
        view(bytes).setUint16(2, 43, true);
        return bytes;
      })(),
    ],
    ['cut-in-the-pixels', 'refuse', cut.slice(0, cut.length - 1500)],
    ['cut-by-one-byte', 'refuse', cut.slice(0, cut.length - 1)],
    ['cut-in-the-directory', 'refuse', cut.slice(0, 60)],
  ];
}

function pixels(): [string, Duty, Uint8Array][] {
  const packed = deflateSync(PIXELS);
  const random = Uint8Array.from({ length: 900 }, (_, i) => (i * 2_654_435_761) >>> 13);
  return [
    ['width-0', 'refuse', image([short(256, 0)])],
    ['height-0', 'refuse', image([short(257, 0)])],
    ['width-negative', 'refuse', bend(image([long(256, 0xffffffff)]), 256, { type: 9 })],
    ['width-as-text', 'refuse', image([text(256, '32')])],
    ['width-twice', 'refuse', image([short(256, 32, 32)])],
    ['no-samples', 'refuse', image([short(277, 0)])],
    ['more-samples-than-there-can-be', 'refuse', image([long(277, 4_000_000)])],
    ['bits-0', 'refuse', image([short(258, 0)])],
    ['bits-1000', 'refuse', image([short(258, 1000)])],
    ['bits-differ', 'refuse', image([short(258, 8, 16, 8, 8)])],
    ['sample-format-7', 'refuse', image([short(339, 7)])],
    ['compression-65000', 'refuse', image([short(259, 65_000)])],
    ['predictor-4', 'refuse', image([short(259, 8), short(317, 4)], [packed])],
    ['float-predictor-on-bytes', 'refuse', image([short(259, 8), short(317, 3)], [packed])],
    ['planar-3', 'refuse', image([short(284, 3)])],
    ['rows-per-strip-0', 'refuse', image([short(278, 0)])],
    ['tile-width-0', 'refuse', image([short(322, 0), short(323, 16)], [PIXELS], true)],
    ['strip-beyond-the-end', 'refuse', bend(image(), 273, { value: 0x7ffffff0 })],
    ['strip-length-too-long', 'either', bend(image(), 279, { value: 0x7ffffff0 })],
    ['strip-length-too-short', 'refuse', bend(image(), 279, { value: 100 })],
    ['strip-type-unknown', 'refuse', bend(image(), 273, { type: 77 })],
    ['strips-fewer-than-rows-need', 'refuse', image([short(278, 4)])],
    ['strips-count-huge', 'refuse', bend(image(), 273, { count: 0xffffffff })],
    ['deflate-cut', 'refuse', image([short(259, 8)], [packed.subarray(0, packed.length / 2)])],
    ['deflate-noise', 'refuse', image([short(259, 8)], [random])],
    [
      'deflate-bad-checksum',
      'either',
      image([short(259, 8)], [packed.map((v, i) => (i > packed.length - 3 ? v ^ 255 : v))]),
    ],
    ['lzw-noise', 'refuse', image([short(259, 5)], [random])],
    ['packbits-cut', 'refuse', image([short(259, 32_773)], [Uint8Array.of(127, 1, 2, 3)])],
    ['zstd-noise', 'refuse', image([short(259, 50_000)], [random])],
    ['jpeg-noise', 'refuse', image([short(259, 7)], [random])],
    ['lerc-noise', 'refuse', image([short(259, 34_887)], [random])],
  ];
}

function resource(): [string, Duty, Uint8Array][] {
  const zeros = new Uint8Array(2 ** 26);
  const bomb = deflateSync(zeros, { level: 9 });
  const frozen = zstdCompressSync(zeros);
  const tile = deflateSync(new Uint8Array(256 * 256), { level: 9 });
  return [
    ['deflate-bomb', 'refuse', image([short(259, 8)], [bomb])],
    ['zstd-bomb', 'refuse', image([short(259, 50_000)], [frozen])],
    ['size-beyond-the-file', 'refuse', sized(60_000, 60_000, [], [PIXELS])],
    ['row-of-two-gib', 'refuse', sized(0x7fffffff, 1, [], [PIXELS])],
    ['two-gib-square', 'refuse', sized(0x7fffffff, 0x7fffffff, [], [PIXELS])],
    ['one-strip-of-4-gib-deflated', 'refuse', sized(65_535, 65_535, [short(259, 8)], [bomb])],
    ['nothing-but-size', 'either', bend(sized(60_000, 60_000, [], [PIXELS]), 273, { value: 0 })],
    [
      'one-block-of-190-mib',
      'either',
      sized(16_384, 12_000, [short(259, 8)], [deflateSync(new Uint8Array(16_384 * 12_000), { level: 1 })]),
    ],
    ['sixty-five-thousand-tiles-at-one-place', 'refuse', repeatedTiles(65_535, 65_535, 256, 8, tile)],
    ['many-tiles-at-one-place', 'either', repeatedTiles(16_384, 16_384, 256, 8, tile)],
    [
      'a-hundred-thousand-directories',
      'either',
      (() => {
        const first = image();
        const count = 100_000;
        const bytes = new Uint8Array(first.length + count * 18);
        bytes.set(first);
        const data = view(bytes);
        let at = first.length + (first.length % 2);
        data.setUint32(endOfDirectory(first), at, true);
        for (; at + 36 < bytes.length; at += 18) {
          data.setUint16(at, 1, true);
          data.setUint16(at + 2, 254, true);
          data.setUint16(at + 4, 4, true);
          data.setUint32(at + 6, 1, true);
          data.setUint32(at + 14, at + 18, true);
        }
        return bytes;
      })(),
    ],
    ['sixty-five-thousand-bands', 'refuse', image([short(277, 65_535)])],
  ];
}

function geo(): [string, Duty, Uint8Array][] {
  const without = (changes: readonly Tag[]) =>
    handMade({
      tags: plainTags(SIZE, SIZE, [...BANDS, short(34_735, ...KEYS), ...changes]),
      blocks: [PIXELS],
    });
  const scale = (x: number, y: number) => image([double(33_550, x, y, 0)]);
  const epsg = (code: number) => image([short(34_735, ...KEYS.slice(0, -1), code)]);
  return [
    ['scale-0', 'refuse to place', scale(0, 3)],
    ['scale-nan', 'refuse to place', scale(Number.NaN, 3)],
    ['scale-infinite', 'refuse to place', scale(3, Infinity)],
    ['tiepoint-nan', 'refuse to place', image([double(33_922, 0, 0, 0, Number.NaN, 4_873_800, 0)])],
    ['tiepoint-infinite', 'refuse to place', image([double(33_922, 0, 0, 0, 516_000, -Infinity, 0)])],
    ['no-place', 'refuse to place', without([])],
    [
      'matrix-singular',
      'refuse to place',
      without([double(34_264, 3, 3, 0, 5e5, 3, 3, 0, 5e6, 0, 0, 0, 0, 0, 0, 0, 1)]),
    ],
    ['matrix-zero', 'refuse to place', without([double(34_264, ...Array<number>(16).fill(0))])],
    ['matrix-nan', 'refuse to place', without([double(34_264, ...Array<number>(16).fill(Number.NaN))])],
    [
      'matrix-identity',
      'refuse to place',
      without([double(34_264, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)]),
    ],
    ['epsg-unknown', 'refuse to place', epsg(29_999)],
    ['epsg-user-defined', 'refuse to place', epsg(32_767)],
    ['epsg-0', 'refuse to place', epsg(0)],
    ['geo-keys-cut', 'refuse to place', image([short(34_735, 1, 1, 0, 3, 1024, 0)])],
    ['geo-keys-count-too-large', 'either', image([short(34_735, 1, 1, 0, 60_000, ...KEYS.slice(4))])],
    ['geo-keys-empty', 'refuse to place', image([short(34_735, 1, 1, 0, 0)])],
  ];
}

function texts(): [string, Duty, Uint8Array][] {
  const lol = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  return [
    [
      'metadata-with-entities',
      'either',
      image([
        text(
          42_112,
          `<!DOCTYPE x [<!ENTITY l0 "lol">${lol}]><GDALMetadata><Item name="a">&l9;</Item></GDALMetadata>`,
        ),
      ]),
    ],
    [
      'metadata-with-a-file',
      'either',
      image([
        text(
          42_112,
          '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><GDALMetadata><Item name="a">&e;</Item></GDALMetadata>',
        ),
      ]),
    ],
    ['metadata-deep', 'either', image([text(42_112, '<GDALMetadata>'.repeat(20_000))])],
    [
      'metadata-prototype',
      'either',
      image([
        text(
          42_112,
          '<GDALMetadata><Item name="__proto__">x</Item><Item name="constructor">y</Item></GDALMetadata>',
        ),
      ]),
    ],
    ['nodata-words', 'either', image([text(42_113, 'none of these')])],
    ['nodata-huge', 'either', image([text(42_113, `1${'0'.repeat(5000)}`)])],
    ['software-with-escapes', 'either', image([text(305, '\u001b]0;title\u0007\nE_INTERNAL: forged')])],
    ['text-of-a-mebibyte', 'either', image([text(270, 'a'.repeat(2 ** 20))])],
  ];
}

function polyglots(): [string, Duty, Uint8Array][] {
  const vrt =
    '<VRTDataset rasterXSize="1" rasterYSize="1"><VRTRasterBand><SimpleSource><SourceFilename>/etc/passwd</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>';
  const starts: Readonly<Record<string, Uint8Array>> = {
    vrt: bytesOf(vrt),
    png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10),
    gif: bytesOf('GIF89a'),
    jpeg: Uint8Array.of(0xff, 0xd8, 0xff, 0xe0),
    pdf: bytesOf('%PDF-1.7\n'),
    zip: Uint8Array.of(0x50, 0x4b, 3, 4),
    gzip: Uint8Array.of(0x1f, 0x8b, 8),
    elf: Uint8Array.of(0x7f, 0x45, 0x4c, 0x46),
    html: bytesOf('<!doctype html><script>alert(1)</script>'),
    script: bytesOf('#!/bin/sh\nexit 1\n'),
    hdf5: Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10),
    'tiff-inside-text': bytesOf('// II*\0'),
    'half-a-magic': bytesOf('IIII'),
  };
  return Object.entries(starts).map(([name, start]) => {
    // A whole good picture follows: only the first bytes say that it is something else.
    const bytes = new Uint8Array(start.length + 4096);
    bytes.set(start);
    bytes.set(image().subarray(0, 4096), start.length);
    return [`named-tif-but-${name}`, 'refuse', bytes];
  });
}

function honest(): [string, Duty, Uint8Array][] {
  const packed = deflateSync(PIXELS);
  const plane = (band: number) => PIXELS.filter((_, i) => i % 4 === band);
  return [
    ['honest-strip', 'read', image()],
    ['honest-strips', 'read', image([short(278, 16)], [PIXELS.subarray(0, 2048), PIXELS.subarray(2048)])],
    ['honest-planes', 'read', image([short(284, 2)], [plane(0), plane(1), plane(2), plane(3)])],
    ['honest-deflate', 'read', image([short(259, 8)], [packed])],
    ['honest-old-deflate', 'read', image([short(259, 32_946)], [packed])],
    ['honest-zstd', 'read', image([short(259, 50_000)], [zstdCompressSync(PIXELS)])],
    ['honest-tile', 'read', image([short(322, 32), short(323, 32)], [PIXELS], true)],
    [
      'honest-matrix',
      'read',
      handMade({
        tags: plainTags(SIZE, SIZE, [
          ...BANDS,
          short(34_735, ...KEYS),
          double(34_264, 3, 0.1, 0, 516_000, 0.1, -3, 0, 4_873_800, 0, 0, 0, 0, 0, 0, 0, 1),
        ]),
        blocks: [PIXELS],
      }),
    ],
    [
      'honest-big-endian',
      'read',
      handMade({ bigEndian: true, tags: plainTags(SIZE, SIZE, [...BANDS, ...PLACE]), blocks: [PIXELS] }),
    ],
    ['honest-nodata', 'read', image([text(42_113, '255')])],
    ['honest-padded-strip', 'read', image([], [Uint8Array.of(...PIXELS, 0, 0, 0, 0)])],
  ];
}

/** All of them; made anew on every call, because hundreds of MiB of zeros take a moment to pack. */
export function hostileFiles(): Hostile[] {
  const layers = { structure, pixels, resource, geo, text: texts, polyglot: polyglots, honest } as const;
  return Object.entries(layers).flatMap(([layer, make]) =>
    make().map(([name, duty, bytes]) => ({
      name: `${name}.tif`,
      // The key of the table it came from.
      layer: layer as Hostile['layer'],
      duty,
      bytes,
    })),
  );
}

/** Writes them to a folder, and beside them a folder and, where the system has them, a pipe named like pictures. */
export function writeHostile(folder: string): Hostile[] {
  const files = hostileFiles();
  for (const { name, bytes } of files) writeFileSync(join(folder, name), bytes);
  const others: Hostile[] = [];
  const add = (name: string) =>
    others.push({ name, layer: 'polyglot', duty: 'refuse', bytes: new Uint8Array() });
  mkdirSync(join(folder, 'a-folder.tif'));
  add('a-folder.tif');
  try {
    execFileSync('mkfifo', [join(folder, 'a-pipe.tif')], { stdio: 'ignore' });
    add('a-pipe.tif');
  } catch {
    // No pipes with names here.
  }
  return [...files, ...others];
}
