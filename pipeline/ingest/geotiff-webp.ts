/** Width and height that the header of a WebP picture states; null when it is none (WebP container, RFC 9649 section 2). */
export function webpSize(bytes: Uint8Array): { readonly width: number; readonly height: number } | null {
  if (bytes.length < 30) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => Buffer.from(bytes.subarray(at, at + 4)).toString('latin1');
  if (word(0) !== 'RIFF' || word(8) !== 'WEBP') return null;
  const kind = word(12);
  if (kind === 'VP8 ')
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  if (kind === 'VP8L') {
    // One byte of signature, then 14 bits each.
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  const three = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536;
  return kind === 'VP8X' ? { width: three(24) + 1, height: three(27) + 1 } : null;
}

/**
 * Decodes one block with libwebp, which GDAL uses too. A picture without an alpha channel may stand for four bands whose
 * last is opaque everywhere. Throws what libwebp finds wrong.
 */
export async function decodeWebp(bytes: Uint8Array, bands: 3 | 4): Promise<Uint8Array> {
  // Loaded with the first WebP block, as few deliveries have any.
  const { default: sharp } = await import('sharp');
  const picture = sharp(bytes, { failOn: 'warning', animated: false }).toColourspace('srgb');
  const { data, info } = await (bands === 4 ? picture.ensureAlpha() : picture)
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== bands) throw new Error(`${info.channels} components instead of ${bands}`);
  return data;
}
