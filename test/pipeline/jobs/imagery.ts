import { deflateSync } from 'node:zlib';
import { handMade, type Tag } from '../ingest/tiff.ts';

/** How the same pixels are stored. */
export interface Storage {
  /** Width and height of a block; a strip is as wide as the image. */
  readonly block: readonly [number, number] | 'strips of 1' | 'strips of 37' | 'one strip';
  readonly planar?: 1 | 2;
  readonly deflate?: boolean;
  readonly predictor?: 1 | 2;
  readonly bigEndian?: boolean;
}

/** A made-up image of uint16 bands, as large as asked, with nodata 0 in some places; the same every time. */
export function madePixels(width: number, height: number, bands = 4): Uint16Array[] {
  let state = 99;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >>> 16;
  };
  return Array.from({ length: bands }, (_, band) =>
    Uint16Array.from({ length: width * height }, (_, i) => {
      const [col, row] = [i % width, Math.floor(i / width)];
      if (col + row < 200 || (col > 600 && row < 530) || random() < 600) return 0;
      // Now and then a number that is no reflectance at scale 0.0001.
      return random() < 300 ? 16_001 + (random() % 40_000) : 300 + band * 700 + (random() % 900);
    }),
  );
}

/** The image as a TIFF, made without any code of the reader or the writer. */
export function madeTiff(
  bands: readonly Uint16Array[],
  width: number,
  height: number,
  { block, planar = 1, deflate = false, predictor = 1, bigEndian = false }: Storage,
): Uint8Array {
  const tiled = typeof block !== 'string';
  const rows = { 'strips of 1': 1, 'strips of 37': 37, 'one strip': height };
  const [w, h] = tiled ? block : [width, Math.min(height, rows[block])];
  const blocks: Uint8Array[] = [];
  const groups = planar === 1 ? [bands] : bands.map((band) => [band]);
  for (const group of groups) {
    for (let top = 0; top < height; top += h) {
      for (let left = 0; left < width; left += w) {
        const last = tiled ? h : Math.min(h, height - top);
        blocks.push(
          storedBlock(group, width, height, { left, top, w, h: last }, { deflate, predictor, bigEndian }),
        );
      }
    }
  }
  const n = bands.length;
  const tags: Tag[] = [
    { tag: 256, type: 4, values: [width] },
    { tag: 257, type: 4, values: [height] },
    { tag: 258, type: 3, values: bands.map(() => 16) },
    { tag: 259, type: 3, values: [deflate ? 8 : 1] },
    { tag: 262, type: 3, values: [1] },
    { tag: 277, type: 3, values: [n] },
    { tag: 284, type: 3, values: [planar] },
    { tag: 317, type: 3, values: [predictor] },
    ...(tiled
      ? [{ tag: 322, type: 4, values: [w] } as const, { tag: 323, type: 4, values: [h] } as const]
      : [{ tag: 278, type: 4, values: [h] } as const]),
    { tag: 33550, type: 12, values: [3, 3, 0] },
    { tag: 33922, type: 12, values: [0, 0, 0, 500_000, 4_873_779, 0] },
    { tag: 34735, type: 3, values: [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 4551] },
    { tag: 42113, type: 2, values: '0' },
  ];
  return handMade({ bigEndian, tiled, tags, blocks });
}

/** An image that is large but takes no room: all of its 512 × 512 tiles are one and the same. */
export function tallTiff(width: number, height: number): Uint8Array {
  const side = 512;
  const bands = [900, 1200, 1000, 3000].map((base) =>
    Uint16Array.from({ length: side * side }, (_, i) => base + (i % 37) + (Math.floor(i / side) % 11)),
  );
  const whole = { left: 0, top: 0, w: side, h: side };
  const block = storedBlock(bands, side, side, whole, { deflate: true, predictor: 1, bigEndian: false });
  const count = Math.ceil(width / side) * Math.ceil(height / side);
  const make = (at: number) =>
    handMade({
      blocks: [block],
      tags: [
        { tag: 256, type: 4, values: [width] },
        { tag: 257, type: 4, values: [height] },
        { tag: 258, type: 3, values: [16, 16, 16, 16] },
        { tag: 259, type: 3, values: [8] },
        { tag: 262, type: 3, values: [1] },
        { tag: 277, type: 3, values: [4] },
        { tag: 322, type: 4, values: [side] },
        { tag: 323, type: 4, values: [side] },
        { tag: 324, type: 4, values: new Array<number>(count).fill(at) },
        { tag: 325, type: 4, values: new Array<number>(count).fill(block.length) },
        { tag: 33550, type: 12, values: [3, 3, 0] },
        { tag: 33922, type: 12, values: [0, 0, 0, 500_000, 4_873_779, 0] },
      ],
    });
  // The block is the last thing in the file.
  return make(make(0).length - block.length);
}

function storedBlock(
  bands: readonly Uint16Array[],
  width: number,
  height: number,
  { left, top, w, h }: { left: number; top: number; w: number; h: number },
  { deflate, predictor, bigEndian }: { deflate: boolean; predictor: 1 | 2; bigEndian: boolean },
): Uint8Array {
  const n = bands.length;
  const bytes = new Uint8Array(w * h * n * 2);
  const view = new DataView(bytes.buffer);
  for (let row = 0; row < h; row++) {
    for (let col = 0; col < w; col++) {
      for (let band = 0; band < n; band++) {
        const pixel = (c: number) =>
          left + c < width && top + row < height ? bands[band]![(top + row) * width + left + c]! : 7;
        const before = predictor === 2 && col > 0 ? pixel(col - 1) : 0;
        view.setUint16(2 * ((row * w + col) * n + band), (pixel(col) - before) & 0xffff, !bigEndian);
      }
    }
  }
  return deflate ? deflateSync(bytes) : bytes;
}
