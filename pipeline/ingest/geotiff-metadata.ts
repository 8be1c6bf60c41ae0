import { type Directory, TAG } from './geotiff-directory.ts';

/** What a file says about one band; `value = stored * scale + offset`. */
export interface BandInfo {
  readonly description: string | null;
  readonly scale: number | null;
  readonly offset: number | null;
}

export interface Annotations {
  readonly nodata: number | null;
  readonly bands: readonly BandInfo[];
  /** Dataset items of the GDAL metadata, and plain TIFF texts under GDAL's TIFFTAG_ names. */
  readonly metadata: Readonly<Record<string, string>>;
}

const TEXT_TAGS = {
  TIFFTAG_DOCUMENTNAME: TAG.documentName,
  TIFFTAG_IMAGEDESCRIPTION: TAG.imageDescription,
  TIFFTAG_SOFTWARE: TAG.software,
  TIFFTAG_DATETIME: TAG.datetime,
} as const;

/** Reads nodata, band descriptions and metadata; what is malformed there is left out, for pixels do not depend on it. */
export async function readAnnotations(directory: Directory, bandCount: number): Promise<Annotations> {
  const items = await parseItems(await directory.text(TAG.gdalMetadata).catch(() => null));
  const metadata: Record<string, string> = {};
  for (const [name, tag] of Object.entries(TEXT_TAGS)) {
    const text = await directory.text(tag).catch(() => null);
    if (text !== null && text !== '') metadata[name] = text;
  }
  for (const { name, sample, value } of items) if (sample === null) metadata[name] = value;
  const bands = Array.from({ length: bandCount }, () => ({ ...NO_BAND_INFO }));
  for (const { sample, role, value } of items) {
    const band = sample === null ? undefined : bands[sample];
    if (band === undefined) continue;
    if (role === 'description') band.description = value;
    if (role === 'scale') band.scale = finite(value);
    if (role === 'offset') band.offset = finite(value);
  }
  return { nodata: parseNodata(await directory.text(TAG.gdalNodata).catch(() => null)), bands, metadata };
}

const NO_BAND_INFO: { description: string | null; scale: number | null; offset: number | null } = {
  description: null,
  scale: null,
  offset: null,
};

function finite(text: string): number | null {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) ? value : null;
}

/** `parseNodata('-9999 ')` is -9999, `parseNodata('nan')` is NaN; null when it is no number. */
function parseNodata(text: string | null): number | null {
  if (text === null) return null;
  const word = text.trim().toLowerCase();
  if (word.includes('nan') || word.includes('#ind')) return Number.NaN;
  if (/^[-+]?(inf|1\.#inf)/.test(word))
    return word.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return finite(word);
}

interface Item {
  readonly name: string;
  readonly sample: number | null;
  readonly role: string | null;
  readonly value: string;
}

/** Metadata that fill megabytes are no metadata. */
const LONGEST_XML = 4_000_000;

async function parseItems(xml: string | null): Promise<Item[]> {
  if (xml === null || xml.length > LONGEST_XML || !xml.includes('<GDALMetadata')) return [];
  const plain = plainItems(xml);
  if (plain !== null) return plain.flatMap(toItem);
  // Loaded for metadata that need it: few files have any, and it costs every command and thread 25 ms.
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    textNodeName: 'text',
    parseTagValue: false,
    trimValues: false,
    isArray: (name) => name === 'Item',
  });
  try {
    const parsed: unknown = parser.parse(xml);
    const raw = field(field(parsed, 'GDALMetadata'), 'Item');
    return Array.isArray(raw) ? raw.flatMap(toItem) : [];
  } catch {
    return [];
  }
}

/** Items as GDAL writes them, without character references and with nothing between them; null for any other text. */
function plainItems(xml: string): Record<string, string>[] | null {
  const start = /^\s*<GDALMetadata>/.exec(xml);
  if (start === null || xml.includes('\r')) return null;
  const item = /\s*<Item((?:\s+\w+="[^"<&]*")+)>([^<&]*)<\/Item>/y;
  const items: Record<string, string>[] = [];
  let end = start[0].length;
  for (item.lastIndex = end; ; end = item.lastIndex) {
    const found = item.exec(xml);
    if (found === null) return /^\s*<\/GDALMetadata>\s*$/.test(xml.slice(end)) ? items : null;
    const attributes = [...found[1]!.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name!, value!]);
    items.push({ ...Object.fromEntries(attributes), text: found[2]! });
  }
}

function toItem(raw: unknown): Item[] {
  const name = field(raw, 'name');
  const sample = field(raw, 'sample');
  const role = field(raw, 'role');
  const domain = field(raw, 'domain');
  // Items of other domains (colour profiles, footage of other software) have their own meaning.
  if (typeof name !== 'string' || (typeof domain === 'string' && domain !== '')) return [];
  const value = typeof raw === 'object' ? field(raw, 'text') : raw;
  return [
    {
      name,
      sample: typeof sample === 'string' ? Number(sample) : null,
      role: typeof role === 'string' ? role.toLowerCase() : null,
      value: typeof value === 'string' ? value : '',
    },
  ];
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;
}
