import type { FeatureCollection } from 'geojson';
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Place, PlaceValue, Product } from './client.ts';
import type { PlaceLayer } from './state.ts';
import { decimalsFor, number } from './text/format.ts';
import type { Language } from './text/say.ts';

/** Colours of the map itself; panels have theirs in style.css. */
export interface MapColors {
  readonly paper: string;
  readonly ink: string;
  readonly casing: string;
  readonly hatch: string;
  /** Land that the isolated stretch of the legend leaves out. */
  readonly muted: string;
  readonly halo: string;
  readonly label: string;
}

export const MAP_COLORS: Readonly<Record<'light' | 'dark', MapColors>> = {
  light: {
    paper: '#f0ede4',
    ink: '#1f2421',
    casing: '#ffffff',
    hatch: '#8b8f86',
    muted: '#dcd9cf',
    halo: 'rgba(251,250,246,0.88)',
    label: '#1f2421',
  },
  dark: {
    paper: '#0f1311',
    ink: '#0c0f0d',
    casing: '#ffffff',
    hatch: '#5c635e',
    muted: '#262c29',
    halo: 'rgba(16,20,18,0.85)',
    label: '#e8e6df',
  },
};

export const FONT = 'Noto Sans SC Variable';
const LABEL_FONT = [FONT];

/** Range of a product's legend: its lowest and highest stop. */
export function rangeOf(product: Product): readonly [low: number, high: number] {
  return [product.legend[0]?.value ?? 0, product.legend.at(-1)?.value ?? 1];
}

/** Name of the class that a value of the product is; null where its values are numbers, or none of its classes. */
export function classOf(
  product: Product,
  value: number,
): { readonly zh: string; readonly en: string } | null {
  const at = product.legend.findIndex((stop) => stop.value === value);
  return product.classes?.[at] ?? null;
}

/** A value of the product as text: the name of its class, or with its usual decimals. */
export function valueText(product: Product, value: number, language: Language): string {
  const name = classOf(product, value);
  if (name !== null) return name[language];
  const [low, high] = rangeOf(product);
  return number(value, decimalsFor(high - low));
}

/**
 * The y axis of curves. Whatever lives between −0.2 and 1 gets exactly 0 to 1 so that curves compare; anything
 * else its legend widened to round fifths.
 */
export function axisOf(product: Product): readonly [low: number, high: number] {
  const [low, high] = rangeOf(product);
  // Half a class of room on both sides.
  if (product.classes !== null) return [low - 0.5, high + 0.5];
  if (low >= -0.2 && high > 0.2 && high <= 1) return [0, 1];
  const step = niceStep((high - low) / 5);
  return [round(Math.floor(low / step) * step), round(Math.ceil(high / step) * step)];
}

/** The classes, or round values inside the legend, as near to five as they come. NDVI (−0.1 … 0.95) gives 0, 0.2, 0.4, 0.6, 0.8. */
export function ticksOf(product: Product): number[] {
  if (product.classes !== null) return product.legend.map((stop) => stop.value);
  const [low, high] = rangeOf(product);
  const scale = 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-9)));
  const candidates = [0.1, 0.2, 0.25, 0.3, 0.5, 1, 2].map((step) => multiples(low, high, step * scale));
  return candidates.reduce((best, one) =>
    Math.abs(one.length - 5) < Math.abs(best.length - 5) ? one : best,
  );
}

function multiples(low: number, high: number, step: number): number[] {
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(round(i * step));
  return ticks;
}

function niceStep(raw: number): number {
  const scale = 10 ** Math.floor(Math.log10(Math.max(raw, 1e-9)));
  return ([1, 2, 5].find((nice) => nice * scale >= raw * 0.999) ?? 10) * scale;
}

/** Without the tail that binary fractions leave: 0.6000000000000001 is 0.6. */
function round(value: number): number {
  return Number(value.toFixed(9));
}

type Rgb = readonly [red: number, green: number, blue: number];

function rgbOf(hex: string): Rgb {
  const bits = Number.parseInt(hex.slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255];
}

/** Legend colour at a value, interpolated between stops and held beyond the ends: `#rrggbb`. */
export function colorAt(product: Product, value: number): string {
  const stops = product.legend;
  const next = stops.findIndex((stop) => stop.value >= value);
  if (next <= 0) return (next === 0 ? stops[0] : stops.at(-1))?.color ?? '#888888';
  const [a, b] = [stops[next - 1]!, stops[next]!];
  const share = (value - a.value) / (b.value - a.value);
  const [from, to] = [rgbOf(a.color), rgbOf(b.color)];
  return `#${from
    .map((part, i) =>
      Math.round(part + (to[i]! - part) * share)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** The largest stored count. */
const MOST = 32767;

/** A part of the legend shown alone, between two of its values; null shows all. */
export type Isolated = readonly [low: number, high: number] | null;

/**
 * The colour ramp on stored counts: nodata transparent, the legend's stops at value ÷ scale. With `isolated` all
 * other counts turn `muted`, which must not be transparent: the hatch below means cloud. A ramp has no steps, so the
 * edges are stops one count apart.
 */
export function rampOf(product: Product, muted: string, isolated: Isolated = null): ExpressionSpecification {
  const first = product.nodata + 1;
  const count = (value: number) => Math.round(value / product.scale);
  const stops = new Map<number, string>([[product.nodata, 'rgba(0,0,0,0)']]);
  if (isolated === null) {
    stops.set(first, product.legend[0]?.color ?? muted);
    for (const stop of product.legend) stops.set(count(stop.value), stop.color);
  } else {
    const [low, high] = isolated;
    const [lowest, highest] = rangeOf(product);
    // The ends of the ramp stand for everything beyond them.
    const from = low <= lowest ? first : count(low);
    const to = high >= highest ? MOST : count(high);
    if (from > first) stops.set(first, muted).set(from - 1, muted);
    stops.set(from, colorAt(product, low));
    for (const stop of product.legend) {
      if (stop.value > low && stop.value < high) stops.set(count(stop.value), stop.color);
    }
    stops.set(to, colorAt(product, high));
    if (to < MOST) stops.set(to + 1, muted);
  }
  const flat = [...stops].sort(([a], [b]) => a - b).flat();
  // Built as pairs of number and colour; the expression type is a tuple that cannot be spread into.
  return ['interpolate', ['linear'], ['elevation'], ...flat] as unknown as ExpressionSpecification;
}

/** Address of the tiles of one product and date, from the server that gave the page. */
export function tileUrl(kind: 'raw' | 'maps', collection: string, product: string, date: string): string {
  const path = [collection, product, date].map(encodeURIComponent).join('/');
  return `${location.origin}/v1/${kind}/${path}/{z}/{x}/{y}.png`;
}

const INK_LINE_ZOOM = ['interpolate', ['linear'], ['zoom'], 11, 0.25, 13, 0.6, 16, 1.1];

/** Address of the TileJSON of one product and date: it tells the zoom levels and bounds worth asking for. */
export function tileJsonUrl(kind: 'raw' | 'maps', collection: string, product: string, date: string): string {
  return tileUrl(kind, collection, product, date).replace('{z}/{x}/{y}.png', 'tilejson.json');
}

/** Outline, hit area, hover and selection of one place layer, bottom to top. */
export function placeLayers(layer: PlaceLayer, colors: MapColors): LayerSpecification[] {
  const source = { source: layer, 'source-layer': layer } as const;
  // Arrays of literals widen to string | number; the shape is that of a style expression.
  const width = INK_LINE_ZOOM as ExpressionSpecification;
  const state = (name: string, yes: number, no: number): ExpressionSpecification => [
    'case',
    ['boolean', ['feature-state', name], false],
    yes,
    no,
  ];
  return [
    {
      id: `${layer}-area`,
      type: 'fill',
      ...source,
      minzoom: 10,
      paint: { 'fill-color': '#000000', 'fill-opacity': 0 },
    },
    {
      id: `${layer}-line`,
      type: 'line',
      ...source,
      minzoom: 11,
      layout: { 'line-join': 'round' },
      paint: {
        'line-color': colors.ink,
        'line-width': width,
        'line-opacity': ['interpolate', ['linear'], ['zoom'], 11, 0.2, 13, 0.45],
      },
    },
    {
      id: `${layer}-hover`,
      type: 'line',
      ...source,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colors.casing, 'line-width': 2, 'line-opacity': state('hover', 0.95, 0) },
    },
    {
      id: `${layer}-casing`,
      type: 'line',
      ...source,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': colors.casing, 'line-width': 5, 'line-opacity': state('selected', 1, 0) },
    },
    {
      id: `${layer}-selected`,
      type: 'line',
      ...source,
      layout: { 'line-join': 'round' },
      paint: { 'line-color': '#1f2421', 'line-width': 1.75, 'line-opacity': state('selected', 1, 0) },
    },
  ];
}

/** The style before any data: paper, region lines and labels, both place layers, labels on top. */
export function baseStyle(origin: string, colors: MapColors): StyleSpecification {
  const vector = (name: string) => ({
    type: 'vector' as const,
    tiles: [`${origin}/collections/${name}/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt`],
    minzoom: 0,
    maxzoom: 15,
    promoteId: 'id',
  });
  const none = { type: 'geojson' as const, data: { type: 'FeatureCollection' as const, features: [] } };
  return {
    version: 8,
    sources: {
      regions: vector('regions'),
      parcels: vector('parcels'),
      stands: vector('stands'),
      footprint: none,
      'place-labels': none,
      'region-labels': none,
    },
    layers: [
      { id: 'paper', type: 'background', paint: { 'background-color': colors.paper } },
      {
        id: 'hatch',
        type: 'fill',
        source: 'footprint',
        paint: { 'fill-pattern': 'hatch', 'fill-opacity': 0.5 },
      },
      {
        id: 'regions-line',
        type: 'line',
        source: 'regions',
        'source-layer': 'regions',
        paint: {
          'line-color': colors.ink,
          'line-width': 1,
          'line-opacity': 0.7,
          'line-dasharray': [5, 2, 1, 2],
        },
      },
      ...placeLayers('stands', colors),
      ...placeLayers('parcels', colors),
      label('place-labels', colors, 13.6, 12),
      { ...label('region-labels', colors, 0, 13), maxzoom: 14.5 } as LayerSpecification,
    ],
  };
}

/** Values lie on fields, which are green or brown in either theme. */
const VALUE_PAINT = {
  'text-color': '#ffffff',
  'text-halo-color': 'rgba(20,28,22,0.78)',
  'text-halo-width': 1.2,
};

function label(source: string, colors: MapColors, minzoom: number, size: number): LayerSpecification {
  return {
    id: source,
    type: 'symbol',
    source,
    minzoom,
    layout: {
      'text-field':
        source === 'place-labels'
          ? ['step', ['zoom'], ['get', 'value'], 15.4, ['concat', ['get', 'name'], '\n', ['get', 'value']]]
          : // The county's name makes room once its townships can be told apart.
            [
              'step',
              ['zoom'],
              ['get', 'name'],
              11,
              ['case', ['==', ['get', 'level'], 'county'], '', ['get', 'name']],
            ],
      'text-font': LABEL_FONT,
      'text-size': size,
      'text-letter-spacing': source === 'region-labels' ? 0.18 : 0,
      'text-padding': 4,
      'text-max-width': 12,
    },
    paint:
      source === 'place-labels'
        ? VALUE_PAINT
        : { 'text-color': colors.label, 'text-halo-color': colors.halo, 'text-halo-width': 1.5 },
  };
}

/** Places as label points; `value` is empty while none is known. */
export function labelPoints(
  places: readonly Place[],
  values: Readonly<Record<string, PlaceValue>> | null,
  product: Product | null,
  language: Language,
): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: places.map((place) => {
      const value = values?.[place.id]?.[0] ?? null;
      return {
        type: 'Feature',
        properties: {
          name: place.name,
          level: place.level ?? '',
          value: value === null || product === null ? '' : valueText(product, value, language),
        },
        geometry: { type: 'Point', coordinates: [...place.center] },
      };
    }),
  };
}

/** Diagonal grey lines as an 8 × 8 (doubled for sharp screens) RGBA image for `map.addImage`. */
export function hatchImage(color: string): { width: number; height: number; data: Uint8Array } {
  const size = 16;
  const [red, green, blue] = rgbOf(color);
  const data = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      // Distance to the nearest 45° line, wrapped so that the image tiles without a seam.
      const along = (x + y) % size;
      const distance = Math.min(along, size - along);
      const alpha = Math.max(0, Math.min(1, 1.75 - distance));
      data.set([red * alpha, green * alpha, blue * alpha, 255 * alpha].map(Math.round), (y * size + x) * 4);
    }
  }
  return { width: size, height: size, data };
}
