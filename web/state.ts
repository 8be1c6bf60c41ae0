import { computed, signal } from '@preact/signals';
import type { Bbox, Pixel } from './client.ts';
import type { Isolated } from './layers.ts';
import type { Language } from './text/say.ts';

export type PlaceLayer = 'parcels' | 'stands';
export type Theme = 'auto' | 'light' | 'dark';

/** Where the map looks: degrees and Web-Mercator zoom. */
export interface Camera {
  readonly lon: number;
  readonly lat: number;
  readonly zoom: number;
}

/** Everything a link restores. Null means "what the page would choose". */
export interface View {
  readonly collection: string | null;
  readonly product: string | null;
  /** Beijing calendar day, `2024-08-10`. */
  readonly date: string | null;
  readonly layer: PlaceLayer;
  /** Id of the selected place of `layer`. */
  readonly place: string | null;
  readonly camera: Camera | null;
  readonly language: Language;
  /** 0 to 1. */
  readonly opacity: number;
  readonly theme: Theme;
  readonly basemap: boolean;
}

export const DEFAULT_VIEW: View = {
  collection: null,
  product: null,
  date: null,
  layer: 'parcels',
  place: null,
  camera: null,
  language: 'zh',
  opacity: 1,
  theme: 'auto',
  basemap: false,
};

/** Ids come from other people's files: anything printable and short, and never used as anything but text. */
const ID = /^[^\s\p{Cc}]{1,128}$/u;
const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** The view a query string asks for; whatever is missing or malformed falls back to the default. */
export function readView(search: string): View {
  const query = new URLSearchParams(search);
  const id = (name: string) => {
    const text = query.get(name);
    return text !== null && ID.test(text) ? text : null;
  };
  const date = query.get('date');
  const theme = query.get('theme');
  return {
    collection: id('collection'),
    product: id('product'),
    date: date !== null && DATE.test(date) && !Number.isNaN(Date.parse(date)) ? date : null,
    layer: query.get('layer') === 'stands' ? 'stands' : 'parcels',
    place: id('place'),
    camera: readCamera(query.get('at')),
    language: query.get('lang') === 'en' ? 'en' : 'zh',
    opacity: readShare(query.get('opacity')),
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    basemap: query.get('base') === '1',
  };
}

/** The query string of a view, without what equals the default; `readView(writeView(v))` is `v`. */
export function writeView(view: View): string {
  const query = new URLSearchParams();
  if (view.collection !== null) query.set('collection', view.collection);
  if (view.product !== null) query.set('product', view.product);
  if (view.date !== null) query.set('date', view.date);
  if (view.layer !== 'parcels') query.set('layer', view.layer);
  if (view.place !== null) query.set('place', view.place);
  if (view.camera !== null) query.set('at', cameraText(view.camera));
  if (view.language !== 'zh') query.set('lang', view.language);
  if (view.opacity !== 1) query.set('opacity', view.opacity.toFixed(2));
  if (view.theme !== 'auto') query.set('theme', view.theme);
  if (view.basemap) query.set('base', '1');
  // A comma is allowed in a query and keeps the link readable.
  return query.toString().replaceAll('%2C', ',');
}

function cameraText(camera: Camera): string {
  return `${camera.lon.toFixed(5)},${camera.lat.toFixed(5)},${camera.zoom.toFixed(2)}`;
}

function readCamera(text: string | null): Camera | null {
  const numbers = (text ?? '').split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [lon, lat, zoom] = numbers;
  if (numbers.length !== 3 || lon === undefined || lat === undefined || zoom === undefined) return null;
  const inRange = Math.abs(lon) <= 180 && Math.abs(lat) <= 85 && zoom >= 0 && zoom <= 24;
  return inRange ? { lon, lat, zoom } : null;
}

function readShare(text: string | null): number {
  const share = text === null || text === '' ? Number.NaN : Number(text);
  return share >= 0 && share <= 1 ? share : 1;
}

/** The current view; change it with `go` so that the address follows. */
export const view = signal<View>(readView(globalThis.location?.search ?? ''));
export const language = computed(() => view.value.language);
/** Parts of the view on their own, so that what depends on one of them does not run at every move of the map. */
export const layer = computed(() => view.value.layer);
export const placeId = computed(() => view.value.place);
export const opacity = computed(() => view.value.opacity);
export const basemapShown = computed(() => view.value.basemap);

/** True while the true colour picture is shown in place of the product. */
export const trueColour = signal(false);

/**
 * Changes the view and its address. `push` makes a step that "back" undoes; `replace` is for what moves all the
 * time, such as the camera and the opacity.
 */
export function go(patch: Partial<View>, how: 'push' | 'replace' = 'push'): void {
  const next = { ...view.value, ...patch };
  const search = writeView(next);
  const address = search === '' ? location.pathname : `${location.pathname}?${search}`;
  if (address !== location.pathname + location.search) {
    history[how === 'push' ? 'pushState' : 'replaceState'](null, '', address);
  }
  view.value = next;
}

/** Follows the browser's back and forward buttons for the life of the page. */
export function followHistory(): void {
  addEventListener('popstate', () => {
    view.value = readView(location.search);
  });
}

/** What is under the cursor: position on the map's box, place, and the pixel once it is known. */
export interface Cursor {
  readonly x: number;
  readonly y: number;
  /** Which way the readout opens so that it stays on the map. */
  readonly opens: 'left' | 'right';
  readonly layer: PlaceLayer | null;
  readonly id: string | null;
  readonly name: string | null;
  readonly pixel: Pixel | null;
}

export const cursor = signal<Cursor | null>(null);
export const busy = signal(false);
export const tilesFailed = signal(false);
export const isolated = signal<Isolated>(null);
/** The box in view, for what is said about "in view". */
export const bounds = signal<Bbox | null>(null);
/** Whether the camera has its first place; before that nothing else may move it. */
export const placed = signal(false);
export const resolvedTheme = signal<'light' | 'dark'>('light');
