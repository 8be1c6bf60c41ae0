/** TIFF field types that are written (TIFF 6.0 section 2; LONG8 from BigTIFF). */
export const TYPE = { ASCII: 2, SHORT: 3, LONG: 4, DOUBLE: 12, LONG8: 16 } as const;

export type FieldType = (typeof TYPE)[keyof typeof TYPE];

const TYPE_SIZE: Readonly<Record<FieldType, number>> = { 2: 1, 3: 2, 4: 4, 12: 8, 16: 8 };

/** One tag of an image file directory. */
export interface TiffField {
  readonly tag: number;
  readonly type: FieldType;
  readonly values: string | readonly number[];
}

/** An ASCII field holds UTF-8 and ends with a zero byte. */
export function text(tag: number, value: string): TiffField {
  return { tag, type: TYPE.ASCII, values: value };
}

export function shorts(tag: number, ...values: number[]): TiffField {
  return { tag, type: TYPE.SHORT, values };
}

export function doubles(tag: number, values: readonly number[]): TiffField {
  return { tag, type: TYPE.DOUBLE, values };
}

/** File offsets and byte counts: 8 bytes each in BigTIFF, else 4. */
export function offsets(tag: number, values: readonly number[], bigTiff: boolean): TiffField {
  return { tag, type: bigTiff ? TYPE.LONG8 : TYPE.LONG, values };
}

export function longs(tag: number, ...values: number[]): TiffField {
  return { tag, type: TYPE.LONG, values };
}

/** What a directory needs in the file, from its first byte to the last of its values. */
export function directorySize(fields: readonly TiffField[], bigTiff: boolean): number {
  const entry = bigTiff ? 20 : 12;
  const inline = bigTiff ? 8 : 4;
  const head = (bigTiff ? 8 : 2) + fields.length * entry + inline;
  return fields.reduce((size, field) => size + outOfLine(field, inline), head);
}

/** Bytes a field's values take outside its entry; an even number, since offsets must be. */
function outOfLine(field: TiffField, inline: number): number {
  const length = valueBytes(field).length;
  return length <= inline ? 0 : length + (length % 2);
}

/** The bytes of one directory at file position `at`, followed by the values that do not fit into its entries. */
export function directoryBytes(
  fields: readonly TiffField[],
  at: number,
  next: number,
  bigTiff: boolean,
): Uint8Array {
  const bytes = new Uint8Array(directorySize(fields, bigTiff));
  const view = new DataView(bytes.buffer);
  const inline = bigTiff ? 8 : 4;
  const entrySize = bigTiff ? 20 : 12;
  const putOffset = (position: number, value: number) =>
    bigTiff ? view.setBigUint64(position, BigInt(value), true) : view.setUint32(position, value, true);
  if (bigTiff) putOffset(0, fields.length);
  else view.setUint16(0, fields.length, true);
  let entry = bigTiff ? 8 : 2;
  let free = entry + fields.length * entrySize + inline;
  for (const field of [...fields].sort((a, b) => a.tag - b.tag)) {
    const values = valueBytes(field);
    view.setUint16(entry, field.tag, true);
    view.setUint16(entry + 2, field.type, true);
    putOffset(entry + 4, values.length / TYPE_SIZE[field.type]);
    if (values.length <= inline) {
      bytes.set(values, entry + 4 + inline);
    } else {
      putOffset(entry + 4 + inline, at + free);
      bytes.set(values, free);
      free += values.length + (values.length % 2);
    }
    entry += entrySize;
  }
  putOffset(entry, next);
  return bytes;
}

function valueBytes(field: TiffField): Uint8Array {
  if (typeof field.values === 'string') return new TextEncoder().encode(`${field.values}\0`);
  const bytes = new Uint8Array(field.values.length * TYPE_SIZE[field.type]);
  const view = new DataView(bytes.buffer);
  field.values.forEach((value, i) => {
    if (field.type === TYPE.SHORT) view.setUint16(2 * i, value, true);
    else if (field.type === TYPE.LONG) view.setUint32(4 * i, value, true);
    else if (field.type === TYPE.DOUBLE) view.setFloat64(8 * i, value, true);
    else view.setBigUint64(8 * i, BigInt(value), true);
  });
  return bytes;
}

/**
 * The hidden text after the header by which GDAL knows that blocks lie in order and carry their own size, so that it
 * can read one with a single request (GDAL COG driver, "Header ghost area"). The blank at the end leaves room to turn
 * NO into YES in place. A zero byte fills it up to
 * an even length, because directories start on even bytes.
 */
export const GHOST_AREA = ghostArea([
  'LAYOUT=IFDS_BEFORE_DATA',
  'BLOCK_ORDER=ROW_MAJOR',
  'BLOCK_LEADER=SIZE_AS_UINT4',
  'BLOCK_TRAILER=LAST_4_BYTES_REPEATED',
  'KNOWN_INCOMPATIBLE_EDITION=NO',
]);

function ghostArea(lines: readonly string[]): string {
  const body = `${lines.join('\n')}\n `;
  const area = `GDAL_STRUCTURAL_METADATA_SIZE=${String(body.length).padStart(6, '0')} bytes\n${body}`;
  return area.length % 2 === 0 ? area : `${area}\0`;
}

/** The first 8 (BigTIFF: 16) bytes of a little-endian TIFF whose first directory is at `first`. */
export function headerBytes(first: number, bigTiff: boolean): Uint8Array {
  const bytes = new Uint8Array(bigTiff ? 16 : 8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0x4949, true);
  view.setUint16(2, bigTiff ? 43 : 42, true);
  if (bigTiff) {
    view.setUint16(4, 8, true);
    view.setBigUint64(8, BigInt(first), true);
  } else {
    view.setUint32(4, first, true);
  }
  return bytes;
}
