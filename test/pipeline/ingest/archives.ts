import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

/** One entry of a hand-made archive. Whatever is left out is what an honest program writes. */
export interface Entry {
  readonly name: string | Buffer;
  readonly content?: Buffer | string;
  /** Tar type flag: `0` file, `1` hard link, `2` link, `3` and `4` devices, `5` folder, `6` pipe. */
  readonly flag?: string;
  readonly link?: string;
  /** What the header says of the size. */
  readonly size?: number;
  /** Unix mode in a zip, with the type of the file. */
  readonly mode?: number;
  readonly stored?: boolean;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  /** Name in front of the bytes of a zip entry, where it is another one. */
  readonly localName?: string;
  /** Place of the local header of an earlier entry to point at. */
  readonly sameAs?: number;
}

const bytesOf = (text: Buffer | string) => (typeof text === 'string' ? Buffer.from(text) : text);

/** A tar of the entries, made without any tar program. */
export function tarOf(entries: readonly Entry[], end = 1024): Buffer {
  return Buffer.concat([...entries.map(tarEntry), Buffer.alloc(end)]);
}

/** The same, packed. */
export function tgzOf(entries: readonly Entry[]): Buffer {
  return gzipSync(tarOf(entries));
}

/** An extended header for the entry behind it. */
export function pax(key: string, value: string): Entry {
  const body = ` ${key}=${value}\n`;
  // The length counts its own digits.
  const length = body.length + String(body.length + 3).length;
  return { name: 'PaxHeaders/a', flag: 'x', content: `${length}${body}` };
}

function tarEntry(entry: Entry): Buffer {
  const { name, content = '', flag = '0', link = '', size } = entry;
  if (typeof name === 'string' && name.length > 100 && flag === '0')
    return Buffer.concat([tarEntry(pax('path', name)), tarEntry({ ...entry, name: name.slice(-90) })]);
  const body = bytesOf(content);
  const header = Buffer.alloc(512);
  bytesOf(name).copy(header, 0, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${(size ?? body.length).toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(flag, 156);
  header.write(link, 157);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** A zip of the entries, made without any zip program (APPNOTE.TXT 4.3). */
export function zipOf(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  const offsets: number[] = [];
  let at = 0;
  // A thousand entries of the same bytes are packed once.
  const known = new Map<Buffer, { readonly packed: Buffer; readonly sum: number }>();
  const pack = (content: Buffer) => {
    const made = known.get(content) ?? { packed: deflateRawSync(content, { level: 9 }), sum: crc32(content) };
    known.set(content, made);
    return made;
  };
  for (const entry of entries) {
    const content = bytesOf(entry.content ?? '');
    const packed = entry.stored === true ? content : pack(content).packed;
    const method = entry.method ?? (entry.stored === true ? 0 : 8);
    const name = bytesOf(entry.name);
    const localName = bytesOf(entry.localName ?? name);
    const common = (own: Buffer) => {
      const fields = Buffer.alloc(26);
      fields.writeUInt16LE(20, 0);
      fields.writeUInt16LE(entry.flags ?? 0, 2);
      fields.writeUInt16LE(method, 4);
      fields.writeUInt32LE(entry.crc ?? pack(content).sum, 10);
      fields.writeUInt32LE(packed.length, 14);
      fields.writeUInt32LE(entry.size ?? content.length, 18);
      fields.writeUInt16LE(own.length, 22);
      return fields;
    };
    const offset = entry.sameAs === undefined ? at : offsets[entry.sameAs]!;
    if (entry.sameAs === undefined) {
      const local = Buffer.concat([
        Buffer.from('PK\u0003\u0004', 'latin1'),
        common(localName),
        localName,
        packed,
      ]);
      parts.push(local);
      at += local.length;
    }
    offsets.push(offset);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    const made = Buffer.from([20, 3]);
    central.push(Buffer.concat([Buffer.from('PK\u0001\u0002', 'latin1'), made, common(name), tail, name]));
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}
