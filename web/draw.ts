import { effect } from '@preact/signals';
import type { MultiPolygon, Polygon } from 'geojson';
import type { GeoJSONSource, Map as LibreMap } from 'maplibre-gl';
import { type Bbox, type PlaceValue, shapeOf } from './client.ts';
import {
  collection,
  date,
  footprints,
  place,
  places,
  product,
  regions,
  shownValues,
  workspace,
} from './data.ts';
import { FONT, hatchImage, labelPoints, MAP_COLORS, rampOf, tileJsonUrl } from './layers.ts';
import {
  basemapShown,
  isolated,
  language,
  layer,
  opacity,
  type PlaceLayer,
  placed,
  placeId,
  resolvedTheme,
  tilesFailed,
  trueColour,
  view,
} from './state.ts';

const BELOW_LINES = 'regions-line';
const PLACE_LAYERS: readonly PlaceLayer[] = ['parcels', 'stands'];
/** Width of the detail panel (style.css); it lies on the map's right edge. */
export const DETAIL_PX = 420;

/** One effect per thing drawn; each touches only its own sources and layers. */
export function keepEqual(map: LibreMap, container: HTMLElement): (() => void)[] {
  return [
    effect(() => drawTheme(map)),
    effect(() => drawBasemap(map)),
    drawProduct(map),
    drawTrueColour(map),
    effect(() => drawFootprint(map)),
    drawLabels(map),
    drawValues(map),
    drawSelection(map, container),
    effect(() => {
      for (const one of PLACE_LAYERS) {
        map.setLayoutProperty(`${one}-area`, 'visibility', one === layer.value ? 'visible' : 'none');
      }
    }),
  ];
}

function drawTheme(map: LibreMap): void {
  const colors = MAP_COLORS[resolvedTheme.value];
  map.setPaintProperty('paper', 'background-color', colors.paper);
  map.setPaintProperty('regions-line', 'line-color', colors.ink);
  for (const layer of PLACE_LAYERS) map.setPaintProperty(`${layer}-line`, 'line-color', colors.ink);
  map.setPaintProperty('region-labels', 'text-color', colors.label);
  map.setPaintProperty('region-labels', 'text-halo-color', colors.halo);
  map.updateImage('hatch', hatchImage(colors.hatch));
}

function drawBasemap(map: LibreMap): void {
  const basemap = workspace.value.data?.basemap;
  if (map.getLayer('basemap')) map.removeLayer('basemap');
  if (map.getSource('basemap')) map.removeSource('basemap');
  if (!basemapShown.value || !basemap) return;
  map.addSource('basemap', { type: 'raster', tiles: [basemap.tiles], tileSize: 256 });
  map.addLayer({ id: 'basemap', type: 'raster', source: 'basemap' }, 'hatch');
}

/**
 * The picture of the product. Sources are named by a running number: the next date is added above the old one,
 * which goes when the new one is complete, so that stepping through the season never shows bare paper.
 */
function drawProduct(map: LibreMap): () => void {
  let current: string | null = null;
  let generation = 0;
  const stopTiles = effect(() => {
    const [rows, shown, day] = [collection.value, product.value, date.value];
    const old = current;
    current = rows === null || shown === null || day === null ? null : `product-${++generation}`;
    tilesFailed.value = false;
    if (current !== null) {
      const sheet = [rows!.id, shown!.id, day!.date] as const;
      // A browser or MapLibre without color-relief still gets the picture that the server coloured.
      if (!addRelief(map, current, sheet)) addPicture(map, current, sheet);
    }
    if (old !== null) replaceWhenLoaded(map, old, current);
  });
  const stopPaint = effect(() => {
    const [shown, part, share] = [product.value, isolated.value, trueColour.value ? 0 : opacity.value];
    const { muted } = MAP_COLORS[resolvedTheme.value];
    void date.value;
    const layer = current === null ? undefined : map.getLayer(current);
    if (layer === undefined || shown === null) return;
    if (layer.type === 'color-relief') {
      map.setPaintProperty(layer.id, 'color-relief-opacity', share);
      map.setPaintProperty(layer.id, 'color-relief-color', rampOf(shown, muted, part));
    } else {
      map.setPaintProperty(layer.id, 'raster-opacity', share);
    }
  });
  return () => {
    stopTiles();
    stopPaint();
  };
}

/** Collection, product, date. */
type Sheet = readonly [collection: string, product: string, date: string];

/** Stored counts, coloured in the browser: MapLibre reads the two bytes as an elevation. False when it cannot. */
function addRelief(map: LibreMap, id: string, sheet: Sheet): boolean {
  try {
    map.addSource(id, {
      type: 'raster-dem',
      url: tileJsonUrl('raw', ...sheet),
      tileSize: 256,
      encoding: 'custom',
      // count = 256 R + G − 32768; MapLibre subtracts its baseShift.
      redFactor: 256,
      greenFactor: 1,
      blueFactor: 0,
      baseShift: 32768,
    });
    // Nearest, because mixing the two bytes of neighbours would make counts that nobody measured.
    map.addLayer({ id, type: 'color-relief', source: id, paint: { resampling: 'nearest' } }, BELOW_LINES);
  } catch {
    removeLayer(map, id);
  }
  return map.getLayer(id) !== undefined;
}

function addPicture(map: LibreMap, id: string, sheet: Sheet): void {
  removeLayer(map, id);
  map.addSource(id, { type: 'raster', url: tileJsonUrl('maps', ...sheet), tileSize: 256 });
  map.addLayer({ id, type: 'raster', source: id, paint: { 'raster-resampling': 'nearest' } }, BELOW_LINES);
}

function removeLayer(map: LibreMap, id: string): void {
  if (map.getLayer(id)) map.removeLayer(id);
  if (map.getSource(id)) map.removeSource(id);
}

function replaceWhenLoaded(map: LibreMap, old: string, next: string | null): void {
  const swap = () => {
    // Gone means that a still later one took its place.
    if (next !== null && map.getSource(next) && !map.isSourceLoaded(next)) return;
    map.off('sourcedata', swap);
    map.off('idle', swap);
    removeLayer(map, old);
  };
  map.on('sourcedata', swap);
  map.on('idle', swap);
  if (next === null) swap();
}

/** The true colour picture is asked for when it is first wanted and kept for the next look at the same date. */
function drawTrueColour(map: LibreMap): () => void {
  const id = 'true-colour';
  let drawn: string | null = null;
  return effect(() => {
    const [rows, day, shown] = [collection.value, date.value, trueColour.value];
    const wanted =
      rows === null || day === null || !rows.products.includes('TRUE_COLOR')
        ? null
        : tileJsonUrl('maps', rows.id, 'TRUE_COLOR', day.date);
    if (drawn !== null && drawn !== wanted) {
      removeLayer(map, id);
      drawn = null;
    }
    if (drawn !== null) map.setLayoutProperty(id, 'visibility', shown ? 'visible' : 'none');
    if (drawn !== null || !shown || wanted === null) return;
    map.addSource(id, { type: 'raster', url: wanted, tileSize: 256 });
    map.addLayer({ id, type: 'raster', source: id, paint: { 'raster-resampling': 'nearest' } }, BELOW_LINES);
    drawn = wanted;
  });
}

/** The hatch lies under the picture and shows where the scenes of the day have no clear pixel. */
function drawFootprint(map: LibreMap): void {
  const outlines = (footprints.value.data ?? []).filter((outline) => shapeOf(outline.coordinates) !== null);
  map.getSource<GeoJSONSource>('footprint')?.setData({
    type: 'FeatureCollection',
    // shapeOf found closed rings of numbers in it, which is what the drawing needs of a geometry.
    features: outlines.map((geometry) => ({
      type: 'Feature',
      properties: {},
      geometry: geometry as Polygon | MultiPolygon,
    })),
  });
}

/** Labels are drawn from the page's own font, which loads by ranges of characters: they are asked for first. */
function drawLabels(map: LibreMap): () => void {
  let latest = 0;
  return effect(() => {
    const points = labelPoints(
      places.value.data?.places ?? [],
      shownValues.value,
      product.value,
      language.value,
    );
    const regionPoints = labelPoints(regions.value.data?.places ?? [], null, null, language.value);
    const mine = ++latest;
    const names = [...points.features, ...regionPoints.features].map(
      ({ properties }) => `${properties?.name}${properties?.value}`,
    );
    const letters = [...new Set(names.join(''))].join('');
    const draw = () => {
      // Fonts of an earlier date may arrive after those of a later one.
      if (mine !== latest) return;
      map.getSource<GeoJSONSource>('place-labels')?.setData(points);
      map.getSource<GeoJSONSource>('region-labels')?.setData(regionPoints);
    };
    // Without the font the labels are drawn in whatever the browser has.
    document.fonts.load(`400 24px "${FONT}"`, `0123456789.−${letters}`).then(draw, draw);
  });
}

function drawValues(map: LibreMap): () => void {
  return effect(() => {
    const answer = shownValues.value;
    const shown = layer.value;
    const state = (row: PlaceValue) => ({ value: row[0], clear: row[1], pixels: row[2] });
    for (const [id, row] of Object.entries(answer ?? {})) {
      map.setFeatureState({ source: shown, sourceLayer: shown, id }, state(row));
    }
  });
}

function drawSelection(map: LibreMap, container: HTMLElement): () => void {
  let before: { source: string; sourceLayer: string; id: string } | null = null;
  // A link that says where to look is not corrected.
  let seen = view.peek().camera === null ? null : view.peek().place;
  return effect(() => {
    const [source, id] = [layer.value, placeId.value];
    if (before !== null) map.setFeatureState(before, { selected: false });
    before = id === null ? null : { source, sourceLayer: source, id };
    if (before !== null) map.setFeatureState(before, { selected: true });
    const shown = place.value;
    if (shown === null || !placed.value || seen === id) {
      if (id === null) seen = null;
      return;
    }
    seen = id;
    bringIntoView(map, container, shown.bbox);
  });
}

/** Moves only when the place is outside the part of the map that no panel covers, or too small to see. */
function bringIntoView(map: LibreMap, container: HTMLElement, box: Bbox): void {
  const width = container.clientWidth;
  const narrow = width < 720;
  const covered = narrow
    ? { top: 96, left: 16, right: 16, bottom: innerHeight * 0.56 + 16 }
    : { top: 32, left: 32, right: DETAIL_PX + 32, bottom: 120 };
  const low = map.project([box[0], box[1]]);
  const high = map.project([box[2], box[3]]);
  const inside =
    low.x > covered.left &&
    high.x < width - covered.right &&
    high.y > covered.top &&
    low.y < container.clientHeight - covered.bottom;
  if (inside && high.x - low.x > 8) return;
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  const camera = map.cameraForBounds([...box], {
    padding: covered,
    maxZoom: Math.max(14.5, Math.min(map.getZoom(), 16)),
  });
  if (camera?.center) map.easeTo({ ...camera, duration: still ? 0 : 320 });
}
