const CLEAR = 256;
const END = 257;
const MOST_CODES = 4096;

/**
 * TIFF LZW (TIFF 6.0 section 13), and its older variant with the lowest bit first that libtiff still reads.
 * Returns at most `most` bytes, fewer when the data end early or make no sense.
 */
export function decodeLzw(input: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most);
  // A stream of the usual kind starts with Clear, 100000000 in nine bits; the old kind has those bits turned round.
  const isOld = input.length >= 2 && input[0] === 0 && (input[1]! & 1) === 1;
  const prefix = new Uint16Array(MOST_CODES);
  const last = new Uint8Array(MOST_CODES);
  const lengths = new Uint16Array(MOST_CODES);
  for (let code = 0; code < CLEAR; code++) {
    last[code] = code;
    lengths[code] = 1;
  }
  // The usual kind widens its codes one code early, a slip of the first encoder that became the standard.
  const early = isOld ? 0 : 1;
  let free = END + 1;
  let width = 9;
  let previous = -1;
  let at = 0;
  let buffer = 0;
  let have = 0;
  let length = 0;
  while (length < most) {
    while (have < width) {
      if (at === input.length) return out.subarray(0, length);
      buffer = isOld ? buffer | (input[at]! << have) : ((buffer << 8) | input[at]!) & 0xffffff;
      at++;
      have += 8;
    }
    have -= width;
    const code = (isOld ? buffer : buffer >>> have) & ((1 << width) - 1);
    if (isOld) buffer >>>= width;
    if (code === END) break;
    if (code === CLEAR) {
      free = END + 1;
      width = 9;
      previous = -1;
      continue;
    }
    if (previous === -1) {
      if (code > END) break;
    } else {
      if (code > free || (code === free && free === MOST_CODES)) break;
      if (free < MOST_CODES) {
        prefix[free] = previous;
        lengths[free] = lengths[previous]! + 1;
        last[free] = firstByte(code === free ? previous : code, prefix, last);
        free++;
        if (free + early >= 1 << width && width < 12) width++;
      }
    }
    let position = length + lengths[code]! - 1;
    length = Math.min(most, position + 1);
    for (let c = code; position >= 0; c = prefix[c]!, position--) {
      if (position < most) out[position] = last[c]!;
      if (lengths[c] === 1) break;
    }
    previous = code;
  }
  return out.subarray(0, length);
}

function firstByte(code: number, prefix: Uint16Array, last: Uint8Array): number {
  let c = code;
  while (c > END) c = prefix[c]!;
  return last[c]!;
}
