import { HeituError } from '../core/error.ts';

/** Encodings a side file may declare, lower case, and what decodes them; GB 18030 holds GBK and GB 2312. */
const DECODERS: Readonly<Record<string, string>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'us-ascii': 'utf-8',
  ascii: 'utf-8',
  gbk: 'gb18030',
  gb2312: 'gb18030',
  gb18030: 'gb18030',
  cp936: 'gb18030',
  'utf-16': 'utf-16le',
};

const BYTE_ORDER_MARKS = [
  { label: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { label: 'utf-16le', bytes: [0xff, 0xfe] },
  { label: 'utf-16be', bytes: [0xfe, 0xff] },
] as const;

/**
 * Text of an XML file: by its byte order mark, else by the encoding it declares, else UTF-8 where that fits and GBK where
 * it does not, for Chinese vendors write GBK without saying so. Throws E_META_ENCODING for bytes that are not what is
 * declared, and for an encoding nobody here reads.
 */
export function decodeXml(bytes: Uint8Array, where: string): string {
  const mark = BYTE_ORDER_MARKS.find((one) => one.bytes.every((byte, i) => bytes[i] === byte));
  if (mark !== undefined) {
    const text = strictText(mark.label, bytes.subarray(mark.bytes.length));
    if (text === null) throw wrong(where, `it starts as ${mark.label} and is not`);
    return text;
  }
  const head = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const declared = /^\s*<\?xml[^>]*\sencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']/.exec(head)?.[1];
  if (declared === undefined) return decodeLoosely(bytes, where);
  const decoder = DECODERS[declared.toLowerCase()];
  // UTF-16 without a mark has a zero in every other byte: the declaration could not have been read.
  if (decoder === undefined || decoder === 'utf-16le') throw wrong(where, `declared as ${declared}`);
  const text = strictText(decoder, bytes);
  if (text === null) throw wrong(where, `declared as ${declared}, which its bytes are not`);
  return text;
}

/** Undeclared text: UTF-8 where it is, else GBK; throws E_META_ENCODING where it is neither. */
export function decodeLoosely(bytes: Uint8Array, where: string): string {
  const text = strictText('utf-8', bytes) ?? strictText('gb18030', bytes);
  if (text === null) throw wrong(where, 'neither UTF-8 nor GBK');
  return text;
}

/** Text of bytes that must be of an encoding; null when they are not. */
export function strictText(label: string, bytes: Uint8Array): string | null {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function wrong(where: string, what: string): HeituError {
  return new HeituError('E_META_ENCODING', { where, what });
}
