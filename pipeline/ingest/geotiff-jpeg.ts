/** What the frame header of a JPEG stream says. */
interface Frame {
  /** 0 baseline, 1 extended, 2 progressive; others are lossless or arithmetic. */
  readonly kind: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
}

/** How samples are stored: as they are, or as luminance and two colour differences that become red, green and blue. */
export type JpegColours = 'stored' | 'ycbcr';

/** The frame header, or null when there is none. The decoder takes as much memory as it says, so it is looked at first. */
export function jpegFrame(stream: Uint8Array): Frame | null {
  for (const { marker, at } of segments(stream)) {
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (!isFrame || at + 10 > stream.length) continue;
    const word = (i: number) => stream[at + i]! * 256 + stream[at + i + 1]!;
    return { kind: marker - 0xc0, height: word(5), width: word(7), components: stream[at + 9]! };
  }
  return null;
}

/**
 * Decodes one block with libjpeg, which most TIFF software uses too, so that the numbers are the same to the last bit.
 * `tables` is the JPEGTables tag: what all blocks of a file share. Throws what libjpeg finds wrong, a cut stream included.
 */
export async function decodeJpeg(
  stream: Uint8Array,
  tables: Uint8Array | null,
  components: number,
  colours: JpegColours,
): Promise<Uint8Array> {
  const whole = Buffer.concat([
    SOI,
    colourMarker(components, colours),
    ...tableSegments(tables),
    body(stream),
  ]);
  const space = components === 1 ? 'b-w' : 'srgb';
  // Loaded with the first JPEG block, as few deliveries have any.
  const { default: sharp } = await import('sharp');
  const { data, info } = await sharp(whole, { failOn: 'warning' })
    .toColourspace(space)
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== components) throw new Error(`${info.channels} components instead of ${components}`);
  return data;
}

const SOI = Uint8Array.of(0xff, 0xd8);

/** An Adobe marker tells libjpeg whether three components are colour differences (1) or colours (0). */
function colourMarker(components: number, colours: JpegColours): Uint8Array {
  if (components !== 3) return new Uint8Array(0);
  const name = [...'Adobe'].map((letter) => letter.charCodeAt(0));
  return Uint8Array.of(0xff, 0xee, 0, 14, ...name, 0, 100, 0, 0, 0, 0, colours === 'ycbcr' ? 1 : 0);
}

/** Everything after the start, without the markers of applications: they could say something else about colours. */
function body(stream: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let end = 2;
  for (const { marker, at, next } of segments(stream)) {
    if (marker < 0xe0 || marker > 0xef) parts.push(stream.subarray(at, next));
    end = next;
  }
  return Buffer.concat([...parts, stream.subarray(end)]);
}

function tableSegments(tables: Uint8Array | null): Uint8Array[] {
  return tables === null ? [] : [...segments(tables)].map(({ at, next }) => tables.subarray(at, next));
}

/** The segments between the start of an image and its first scan. */
function* segments(stream: Uint8Array): Generator<{ marker: number; at: number; next: number }> {
  for (let at = 2; at + 4 <= stream.length && stream[at] === 0xff; ) {
    const marker = stream[at + 1]!;
    // Fill bytes may stand before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === SCAN || marker === END) return;
    const next = at + 2 + stream[at + 2]! * 256 + stream[at + 3]!;
    if (next > stream.length) return;
    yield { marker, at, next };
    at = next;
  }
}

const END = 0xd9;
const SCAN = 0xda;
