/** One tag of a hand-made TIFF. Text is type 2, small numbers type 3, larger ones 4, doubles 12. */
export interface Tag {
  readonly tag: number;
  readonly type: 2 | 3 | 4 | 12;
  readonly values: string | readonly number[];
}

export interface HandMade {
  readonly bigEndian?: boolean;
  readonly tags: readonly Tag[];
  /** Blocks in the order of the offsets; their offsets and sizes are filled in. */
  readonly blocks: readonly Uint8Array[];
  readonly tiled?: boolean;
  /** Position of the next directory; 0 for none. */
  readonly next?: number;
}

const SIZE = { 2: 1, 3: 2, 4: 4, 12: 8 } as const;

/** The bytes of a classic TIFF, made without any code of the reader or the writer; the directory is at 8. */
export function handMade({ bigEndian = false, tags, blocks, tiled = false, next = 0 }: HandMade): Uint8Array {
  const le = !bigEndian;
  const room =
    8 + 2 + (tags.length + 2) * 12 + 4 + tags.reduce((sum, tag) => sum + bytesOf(tag, le).length + 1, 0);
  let data = room + 8 * blocks.length;
  const offsets = blocks.map((block) => {
    const at = data;
    data += block.length;
    return at;
  });
  const all: Tag[] = [
    ...tags,
    { tag: tiled ? 324 : 273, type: 4, values: offsets },
    { tag: tiled ? 325 : 279, type: 4, values: blocks.map((block) => block.length) },
  ];
  const bytes = new Uint8Array(data);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bigEndian ? 0x4d4d : 0x4949);
  view.setUint16(2, 42, le);
  view.setUint32(4, 8, le);
  view.setUint16(8, all.length, le);
  let free = 8 + 2 + all.length * 12 + 4;
  all
    .sort((a, b) => a.tag - b.tag)
    .forEach((tag, i) => {
      const at = 10 + i * 12;
      const values = bytesOf(tag, le);
      view.setUint16(at, tag.tag, le);
      view.setUint16(at + 2, tag.type, le);
      view.setUint32(at + 4, values.length / SIZE[tag.type], le);
      if (values.length <= 4) {
        bytes.set(values, at + 8);
        return;
      }
      view.setUint32(at + 8, free, le);
      bytes.set(values, free);
      free += values.length + (values.length % 2);
    });
  view.setUint32(10 + all.length * 12, next, le);
  blocks.forEach((block, i) => {
    bytes.set(block, offsets[i]!);
  });
  return bytes;
}

function bytesOf({ type, values }: Tag, le: boolean): Uint8Array {
  if (typeof values === 'string') return new TextEncoder().encode(`${values}\0`);
  const bytes = new Uint8Array(values.length * SIZE[type]);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    if (type === 3) view.setUint16(2 * i, value, le);
    else if (type === 4) view.setUint32(4 * i, value, le);
    else if (type === 12) view.setFloat64(8 * i, value, le);
    else view.setUint8(i, value);
  });
  return bytes;
}

/** The tags every image needs: size, one 8-bit band, no compression, one strip. */
export function plainTags(width: number, height: number, changes: readonly Tag[] = []): Tag[] {
  const short = (tag: number, ...values: number[]): Tag => ({ tag, type: 3, values });
  const plain = [
    short(256, width),
    short(257, height),
    short(258, 8),
    short(259, 1),
    short(262, 1),
    short(277, 1),
    short(278, height),
    short(284, 1),
    short(339, 1),
  ];
  return [...plain.filter((tag) => !changes.some((change) => change.tag === tag.tag)), ...changes];
}
