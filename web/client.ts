import type * as Contract from '../api/contract/products.ts';
import type { PlaceLayer } from './state.ts';
import { say } from './text/say.ts';

export type Bilingual = { readonly zh: string; readonly en: string };
export type Bbox = readonly [west: number, south: number, east: number, north: number];

export type Product = Contract.Product;
export type Workspace = Contract.Workspace;
export type Series = Contract.Series;
export type SeriesPoint = Series['points'][number];
export type Pixel = Contract.Pixel;
export type ImageDate = (typeof Contract.dates)['_output']['dates'][number];
export type Values = (typeof Contract.values)['_output'];
/** Value (null when too little was clear), clear share 0–1, count of clear pixels. */
export type PlaceValue = Values['values'][string];

export interface Place {
  readonly id: string;
  readonly name: string;
  readonly code: string;
  readonly crop: string | null;
  readonly areaMu: number | null;
  /** Of a region: county, township or village. */
  readonly level: string | null;
  readonly center: readonly [lon: number, lat: number];
  readonly bbox: Bbox;
}

/** What went wrong, in both languages, ready to be shown. */
export class Failure extends Error {
  readonly words: Bilingual | null;

  constructor(words: Bilingual | null, cause?: unknown) {
    super(words?.en ?? 'no answer', { cause });
    this.words = words;
  }
}

/** One JSON answer; throws a Failure with the server's own sentence, or one without words when nothing answered. */
export async function ask<T>(
  path: string,
  query: Readonly<Record<string, string | number | null>> = {},
  signal?: AbortSignal,
): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== null) search.set(name, String(value));
  const url = search.size === 0 ? path : `${path}?${search}`;
  let response: Response;
  try {
    response = await fetch(url, { headers: { accept: 'application/json' }, signal: signal ?? null });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Failure(null, cause);
  }
  if (!response.ok) throw new Failure(await problemOf(response));
  // The contract types describe this answer; the server checks them against its schemas.
  return (await response.json()) as T;
}

async function problemOf(response: Response): Promise<Bilingual> {
  const status = { status: response.status };
  const fallback = { zh: say('zh', 'state.status', status), en: say('en', 'state.status', status) };
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== 'object' || body === null) return fallback;
  const en = 'detail' in body && typeof body.detail === 'string' ? body.detail : fallback.en;
  const zh = 'detailZh' in body && typeof body.detailZh === 'string' ? body.detailZh : en;
  return { zh, en };
}

interface FeaturePage {
  readonly features: readonly {
    readonly id?: string | number;
    readonly properties: Readonly<Record<string, unknown>> | null;
    readonly geometry: { readonly type: string; readonly coordinates: unknown } | null;
  }[];
  readonly numberMatched?: number;
  readonly links?: readonly { readonly rel: string; readonly href: string }[];
}

/** Outline of a scene: a GeoJSON polygon or multipolygon. */
export interface Footprint {
  readonly type: 'Polygon' | 'MultiPolygon';
  readonly coordinates: unknown;
}

/** The outline of one scene; an answer that is not a (multi)polygon gives an empty one. */
export async function footprintOf(scene: string, signal: AbortSignal): Promise<Footprint> {
  const feature = await ask<FeaturePage['features'][number]>(
    `/collections/scenes/items/${encodeURIComponent(scene)}`,
    {},
    signal,
  );
  const { type, coordinates } = feature.geometry ?? { type: 'Polygon', coordinates: [] };
  return { type: type === 'MultiPolygon' ? type : 'Polygon', coordinates };
}

const PAGE = 1000;
/** More rows than a person reads, few enough for a phone; beyond it the search belongs on the server. */
export const MOST_PLACES = 5000;

/** Places of a layer with their middle and box, page by page up to MOST_PLACES, and how many there are in all. */
export async function placesOf(
  layer: PlaceLayer | 'regions',
  signal: AbortSignal,
): Promise<{ places: readonly Place[]; total: number }> {
  const places: Place[] = [];
  let total = 0;
  for (let offset = 0; offset < MOST_PLACES; offset += PAGE) {
    const page = await ask<FeaturePage>(`/collections/${layer}/items`, { limit: PAGE, offset }, signal);
    for (const feature of page.features) {
      const place = placeOf(feature);
      if (place !== null) places.push(place);
    }
    total = page.numberMatched ?? places.length;
    if (page.features.length < PAGE) break;
  }
  return { places, total };
}

function placeOf(feature: FeaturePage['features'][number]): Place | null {
  const properties = feature.properties ?? {};
  const text = (name: string) => {
    const value = properties[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const shape = shapeOf(feature.geometry?.coordinates);
  const id = text('id') || String(feature.id ?? '');
  if (shape === null || id === '') return null;
  const areaMu = Number(properties.areaMu ?? Number(properties.areaM2) / (2000 / 3));
  return {
    id,
    name: text('name') || text('code') || id,
    code: text('code'),
    crop: text('crop') || text('species') || null,
    areaMu: Number.isFinite(areaMu) ? areaMu : null,
    level: text('level') || null,
    ...shape,
  };
}

/** Box and label point of (multi)polygon coordinates: the area centroid of the largest outer ring. */
export function shapeOf(coordinates: unknown): Pick<Place, 'center' | 'bbox'> | null {
  const rings = ringsOf(coordinates);
  if (rings.length === 0) return null;
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  let best: readonly [area: number, lon: number, lat: number] = [-1, 0, 0];
  for (const ring of rings) {
    const [x0, y0] = ring[0]!;
    let [area, cx, cy] = [0, 0, 0];
    ring.forEach(([x, y], i) => {
      const [nextX, nextY] = ring[(i + 1) % ring.length]!;
      // Taken from the first vertex: the products of raw degrees would cancel to noise for a small field.
      const cross = (x - x0) * (nextY - y0) - (nextX - x0) * (y - y0);
      area += cross;
      cx += (x + nextX - 2 * x0) * cross;
      cy += (y + nextY - 2 * y0) * cross;
      west = Math.min(west, x);
      south = Math.min(south, y);
      east = Math.max(east, x);
      north = Math.max(north, y);
    });
    const size = Math.abs(area);
    if (size > best[0]) best = size === 0 ? [0, x0, y0] : [size, x0 + cx / (3 * area), y0 + cy / (3 * area)];
  }
  return { center: [best[1], best[2]], bbox: [west, south, east, north] };
}

/** Outer rings of polygon or multipolygon coordinates; anything else gives none. */
function ringsOf(coordinates: unknown): (readonly [number, number])[][] {
  if (!Array.isArray(coordinates) || coordinates.length === 0) return [];
  const first: unknown = coordinates[0];
  if (!Array.isArray(first)) return [];
  const second: unknown = first[0];
  if (!Array.isArray(second)) return [];
  if (Array.isArray(second[0])) return coordinates.flatMap((polygon) => ringsOf(polygon));
  // Positions of a linear ring: GeoJSON says arrays of numbers, and non-numbers are dropped here.
  const ring = (first as unknown[]).filter(isPosition);
  return ring.length < 3 ? [] : [ring];
}

function isPosition(value: unknown): value is readonly [number, number] {
  return Array.isArray(value) && Number.isFinite(value[0]) && Number.isFinite(value[1]);
}
