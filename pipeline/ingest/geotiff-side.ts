import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type Affine, isInvertible } from '../core/affine.ts';
import type { Rpc } from '../core/rpc.ts';
import { parseRpc } from '../geometry/rpc.ts';
import { epsgOfWkt, nameOfWkt } from './crs-name.ts';
import type { RasterInfo } from './geotiff-file.ts';

/** What files beside a TIFF add to it. */
export interface Beside extends Pick<RasterInfo, 'transform' | 'epsg' | 'crsName' | 'rpc' | 'notes'> {
  /** Path of a mask (`.msk`), which is a TIFF itself; null when there is none. */
  readonly maskFile: string | null;
}

/** Longer files of these kinds hold something else than a place. */
const LONGEST = { xml: 2 ** 20, world: 4096 } as const;

/**
 * Looks beside a TIFF for a place on the Earth that it lacks itself (`.aux.xml` of GDAL, then a world file), for its camera
 * model (`.aux.xml`) and for a mask (`.msk`). What the TIFF says itself is never changed. Overviews in an `.ovr` are not
 * read: the same pixels are in the file. Never throws: what cannot be read is told in a note.
 */
export async function readSideFiles(path: string, info: RasterInfo): Promise<Beside> {
  const notes: string[] = [];
  if (existsSync(`${path}.ovr`))
    notes.push(`${path}.ovr is not used: overviews are read from the file itself`);
  const maskFile = existsSync(`${path}.msk`) ? `${path}.msk` : null;
  const own = { transform: info.transform, epsg: info.epsg, crsName: info.crsName, rpc: info.rpc };
  // A raster with ground control points is placed by them, when somebody asks for it.
  const lacksPlace = own.transform === null && info.gcps.length === 0;
  const lacksCrs = own.epsg === null && info.crsKeys === null;
  if (!lacksPlace && !lacksCrs && own.rpc !== null) return { ...own, notes, maskFile };
  const aux = await readAux(`${path}.aux.xml`, notes);
  const world = lacksPlace && aux.transform === null ? await readWorldFile(path, notes) : null;
  const transform = lacksPlace ? (aux.transform ?? world) : own.transform;
  if (transform !== own.transform) {
    notes.push(
      `its place is that of ${aux.transform === null ? 'the world file' : 'the .aux.xml'} beside it`,
    );
  }
  const crs = lacksCrs && aux.wkt !== null ? { epsg: epsgOfWkt(aux.wkt), crsName: nameOfWkt(aux.wkt) } : own;
  return { transform, epsg: crs.epsg, crsName: crs.crsName, rpc: own.rpc ?? aux.rpc, notes, maskFile };
}

interface Aux {
  readonly transform: Affine | null;
  readonly wkt: string | null;
  readonly rpc: Rpc | null;
}

const NOTHING: Aux = { transform: null, wkt: null, rpc: null };

async function readAux(path: string, notes: string[]): Promise<Aux> {
  const text = await readSmall(path, LONGEST.xml, notes);
  if (text === null) return NOTHING;
  // What GDAL writes has neither; entities are a way to make a small file large.
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) {
    notes.push(`${path} is not used: it declares a document type`);
    return NOTHING;
  }
  // Loaded when there is such a file: it costs every command and thread 25 ms.
  const { XMLParser } = await import('fast-xml-parser');
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    textNodeName: 'text',
    parseTagValue: false,
    isArray: (name) => name === 'Metadata' || name === 'MDI',
  });
  try {
    const dataset = field(parser.parse(text), 'PAMDataset');
    return {
      transform: affineOf(textOf(field(dataset, 'GeoTransform')).split(',')),
      wkt: textOf(field(dataset, 'SRS')) || null,
      rpc: rpcOf(field(dataset, 'Metadata'), path, notes),
    };
  } catch {
    notes.push(`${path} is not used: it is no XML`);
    return NOTHING;
  }
}

/** GDAL keeps a camera model in the domain RPC, under the keys of an `_RPC.TXT`. */
function rpcOf(domains: unknown, path: string, notes: string[]): Rpc | null {
  if (!Array.isArray(domains)) return null;
  const domain: unknown = domains.find((one) => field(one, 'domain') === 'RPC');
  const items = field(domain, 'MDI');
  if (!Array.isArray(items)) return null;
  const lines = items.map((item) => `${String(field(item, 'key'))}: ${textOf(item)}`);
  try {
    return parseRpc(lines.join('\n'), path);
  } catch (error) {
    notes.push(`the camera model in ${path} is not used: ${error instanceof Error ? error.message : ''}`);
    return null;
  }
}

/** Endings of world files, by the ending of the raster: ESRI's, then those everybody's programs take. */
const WORLD_ENDINGS = ['.tfw', '.tifw', '.tiffw', '.wld', '.TFW', '.WLD'] as const;

async function readWorldFile(path: string, notes: string[]): Promise<Affine | null> {
  const stem = path.replace(/\.[^./\\]*$/, '');
  for (const ending of WORLD_ENDINGS) {
    const file = `${stem}${ending}`;
    if (!existsSync(file)) continue;
    const text = await readSmall(file, LONGEST.world, notes);
    // Six lines: pixel width, column rotation, row rotation, pixel height, and the middle of the first pixel.
    const numbers = (text ?? '').trim().split(/\s+/).map(decimal);
    const [width = Number.NaN, column = Number.NaN, row = Number.NaN] = numbers;
    const [, , , height = Number.NaN, x = Number.NaN, y = Number.NaN] = numbers;
    const transform: Affine = [x - (width + row) / 2, width, row, y - (column + height) / 2, column, height];
    if (numbers.length === 6 && isInvertible(transform)) return transform;
    notes.push(`${file} is not used: it is no transform`);
  }
  return null;
}

/** Some programs write decimal commas. */
function decimal(text: string): number {
  const plain = text.replace(',', '.');
  return plain === '' ? Number.NaN : Number(plain);
}

function affineOf(parts: readonly string[]): Affine | null {
  const numbers = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [a = Number.NaN, b = Number.NaN, c = Number.NaN, d = Number.NaN, e = Number.NaN, f = Number.NaN] =
    numbers;
  const transform: Affine = [a, b, c, d, e, f];
  return numbers.length === 6 && isInvertible(transform) ? transform : null;
}

/** The text of a small plain file; null when there is none. */
async function readSmall(path: string, longest: number, notes: string[]): Promise<string | null> {
  try {
    const found = await stat(path);
    if (!found.isFile() || found.size > longest) {
      notes.push(`${path} is not used: it is ${found.isFile() ? `${found.size} bytes long` : 'no file'}`);
      return null;
    }
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

function textOf(value: unknown): string {
  const text = typeof value === 'object' ? field(value, 'text') : value;
  return typeof text === 'string' ? text : '';
}
