import { effect, signal } from '@preact/signals';
import type { MultiPolygon, Polygon } from 'geojson';
import {
  type GeoJSONSource,
  Map as LibreMap,
  type MapMouseEvent,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import { ask, type Bbox, type Pixel, type PlaceValue, shapeOf } from './client.ts';
import {
  collection,
  date,
  extent,
  footprints,
  place,
  places,
  product,
  regions,
  values,
  workspace,
} from './data.ts';
import {
  baseStyle,
  FONT,
  hatchImage,
  type Isolated,
  labelPoints,
  MAP_COLORS,
  rampOf,
  tileUrl,
} from './layers.ts';
import { go, type PlaceLayer, trueColour, view } from './state.ts';

setWorkerUrl(workerUrl);

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
export const resolvedTheme = signal<'light' | 'dark'>('light');

const BELOW_LINES = 'regions-line';
const PLACE_LAYERS: readonly PlaceLayer[] = ['parcels', 'stands'];
const PIXEL_DELAY_MS = 120;
const READOUT_PX = 280;
/** Width of the detail panel (style.css); it lies on the map's right edge. */
const DETAIL_PX = 420;

export interface MapHandle {
  zoom(by: number): void;
  fit(): void;
  close(): void;
}

/** Draws the map into `container` and keeps it equal to the state; null when the browser has no WebGL2. */
export function openMap(container: HTMLElement): MapHandle | null {
  const camera = view.peek().camera;
  let map: LibreMap;
  try {
    map = new LibreMap({
      container,
      style: baseStyle(location.origin, MAP_COLORS[resolvedTheme.peek()]),
      ...(camera === null ? {} : { center: [camera.lon, camera.lat], zoom: camera.zoom }),
      localIdeographFontFamily: `"${FONT}"`,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 18,
      minZoom: 3,
      fadeDuration: 0,
      canvasContextAttributes: { preserveDrawingBuffer: true },
    });
  } catch {
    return null;
  }
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 96, unit: 'metric' }), 'bottom-right');

  const stops: (() => void)[] = [];
  const fit = () => {
    const box = extent.peek();
    if (box) map.fitBounds([...box], { padding: fitPadding(container), duration: 0 });
  };
  map.once('style.load', () => {
    map.addImage('hatch', hatchImage(MAP_COLORS[resolvedTheme.peek()].hatch), { pixelRatio: 2 });
    stops.push(...keepEqual(map, container));
    followPointer(map, stops);
  });
  followCamera(map, stops, fit);
  map.on('dataloading', () => {
    busy.value = true;
  });
  map.on('idle', () => {
    busy.value = false;
  });
  map.on('error', () => {
    // MapLibre reports each tile; the page says once that some are missing.
    tilesFailed.value = true;
  });
  return {
    zoom: (by) => map.easeTo({ zoom: map.getZoom() + by, duration: 160 }),
    fit,
    close() {
      for (const stop of stops) stop();
      map.remove();
    },
  };
}

/** Room for the legend and the date strip, so that "everything" is not half under a panel. */
function fitPadding(container: HTMLElement): { top: number; bottom: number; left: number; right: number } {
  if (container.clientWidth < 720) return { top: 96, bottom: 176, left: 16, right: 16 };
  const right = view.peek().place === null ? 32 : DETAIL_PX + 32;
  return { top: 32, bottom: 104, left: 72, right };
}

function followCamera(map: LibreMap, stops: (() => void)[], fit: () => void): void {
  let placed = view.peek().camera !== null;
  let before: string | null = null;
  const remember = () => {
    const box = map.getBounds();
    bounds.value = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
    if (!placed) return;
    const { lng, lat } = map.getCenter();
    go({ camera: { lon: lng, lat, zoom: map.getZoom() } }, 'replace');
  };
  map.on('moveend', remember);
  stops.push(
    effect(() => {
      const box = extent.value;
      if (box === null) return;
      const inView = bounds.peek();
      const away =
        inView === null ||
        box[0] > inView[2] ||
        box[2] < inView[0] ||
        box[1] > inView[3] ||
        box[3] < inView[1];
      // The first picture, and another collection in another place.
      if (!placed || (away && collection.value?.id !== before)) fit();
      placed = true;
      before = collection.value?.id ?? null;
    }),
    effect(() => {
      const wanted = view.value.camera;
      if (wanted === null || map.isMoving()) return;
      const { lng, lat } = map.getCenter();
      const same =
        Math.abs(lng - wanted.lon) < 2e-5 &&
        Math.abs(lat - wanted.lat) < 2e-5 &&
        Math.abs(map.getZoom() - wanted.zoom) < 0.01;
      if (!same) map.jumpTo({ center: [wanted.lon, wanted.lat], zoom: wanted.zoom });
    }),
  );
}

/** One effect per thing drawn; each touches only its own sources and layers. */
function keepEqual(map: LibreMap, container: HTMLElement): (() => void)[] {
  return [
    effect(() => drawTheme(map)),
    effect(() => drawBasemap(map)),
    drawProduct(map),
    effect(() => drawTrueColour(map)),
    effect(() => drawFootprint(map)),
    effect(() => void drawLabels(map)),
    drawValues(map),
    drawSelection(map, container),
    effect(() => {
      for (const layer of PLACE_LAYERS) {
        const shown = view.value.layer === layer;
        map.setLayoutProperty(`${layer}-area`, 'visibility', shown ? 'visible' : 'none');
      }
    }),
  ];
}

function drawTheme(map: LibreMap): void {
  const colors = MAP_COLORS[resolvedTheme.value];
  map.setPaintProperty('paper', 'background-color', colors.paper);
  map.setPaintProperty('regions-line', 'line-color', colors.ink);
  for (const layer of PLACE_LAYERS) map.setPaintProperty(`${layer}-line`, 'line-color', colors.ink);
  for (const layer of ['place-labels', 'region-labels']) {
    map.setPaintProperty(layer, 'text-color', colors.label);
    map.setPaintProperty(layer, 'text-halo-color', colors.halo);
  }
  map.updateImage('hatch', hatchImage(colors.hatch));
}

function drawBasemap(map: LibreMap): void {
  const basemap = workspace.value.data?.basemap;
  const shown = view.value.basemap && basemap !== null && basemap !== undefined;
  if (map.getLayer('basemap')) map.removeLayer('basemap');
  if (map.getSource('basemap')) map.removeSource('basemap');
  if (!shown) return;
  const tiles = typeof basemap.tiles === 'string' ? [basemap.tiles] : [...basemap.tiles];
  map.addSource('basemap', { type: 'raster', tiles, tileSize: 256 });
  map.addLayer({ id: 'basemap', type: 'raster', source: 'basemap' }, 'hatch');
}

/** Sources are named by a running number: the next date is added above the old one, which goes when it is complete. */
function drawProduct(map: LibreMap): () => void {
  let current: string | null = null;
  let generation = 0;
  const remove = (id: string) => {
    if (map.getLayer(id)) map.removeLayer(id);
    if (map.getSource(id)) map.removeSource(id);
  };
  const stopTiles = effect(() => {
    const [rows, shownProduct, shownDate] = [collection.value, product.value, date.value];
    const old = current;
    if (rows === null || shownProduct === null || shownDate === null) {
      if (old !== null) remove(old);
      current = null;
      return;
    }
    const id = `product-${++generation}`;
    current = id;
    const bbox = workspace.peek().data?.bbox;
    const shared = {
      tileSize: 256,
      minzoom: 0,
      maxzoom: 16,
      ...(bbox ? { bounds: [...bbox] as [number, number, number, number] } : {}),
    };
    const opacity = view.peek().opacity;
    try {
      map.addSource(id, {
        type: 'raster-dem',
        tiles: [tileUrl('raw', rows.id, shownProduct.id, shownDate.date)],
        encoding: 'custom',
        redFactor: 256,
        greenFactor: 1,
        blueFactor: 0,
        baseShift: 32768,
        ...shared,
      });
      map.addLayer(
        {
          id,
          type: 'color-relief',
          source: id,
          paint: {
            'color-relief-color': rampOf(shownProduct, isolated.peek()),
            'color-relief-opacity': opacity,
            resampling: 'nearest',
          },
        },
        BELOW_LINES,
      );
    } catch {
      // A browser or MapLibre without color-relief still gets the picture the server coloured.
      remove(id);
      map.addSource(id, {
        type: 'raster',
        tiles: [tileUrl('maps', rows.id, shownProduct.id, shownDate.date)],
        ...shared,
      });
      map.addLayer(
        {
          id,
          type: 'raster',
          source: id,
          paint: { 'raster-opacity': opacity, 'raster-resampling': 'nearest' },
        },
        BELOW_LINES,
      );
    }
    tilesFailed.value = false;
    if (old !== null) {
      const swap = () => {
        if (map.getSource(id) && !map.isSourceLoaded(id)) return;
        map.off('sourcedata', swap);
        map.off('idle', swap);
        remove(old);
      };
      map.on('sourcedata', swap);
      map.on('idle', swap);
    }
  });
  const stopPaint = effect(() => {
    const shown = product.value;
    const [opacity, part, hidden] = [view.value.opacity, isolated.value, trueColour.value];
    void date.value;
    if (current === null || shown === null || !map.getLayer(current)) return;
    const relief = map.getLayer(current)?.type === 'color-relief';
    map.setPaintProperty(current, relief ? 'color-relief-opacity' : 'raster-opacity', hidden ? 0 : opacity);
    if (relief) map.setPaintProperty(current, 'color-relief-color', rampOf(shown, part));
  });
  return () => {
    stopTiles();
    stopPaint();
  };
}

function drawTrueColour(map: LibreMap): void {
  const shown = trueColour.value;
  const [rows, shownDate] = [collection.value, date.value];
  const tiles =
    rows === null || shownDate === null ? null : tileUrl('maps', rows.id, 'TRUE_COLOR', shownDate.date);
  const id = 'true-colour';
  const source = map.getSource(id);
  const same = source !== undefined && source.serialize().tiles?.[0] === tiles;
  if (source !== undefined && (!same || !shown)) {
    if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', 'none');
    if (!same) {
      map.removeLayer(id);
      map.removeSource(id);
    }
  }
  if (!shown || tiles === null) return;
  if (!map.getSource(id)) {
    map.addSource(id, { type: 'raster', tiles: [tiles], tileSize: 256, maxzoom: 16 });
    map.addLayer({ id, type: 'raster', source: id, paint: { 'raster-resampling': 'nearest' } }, BELOW_LINES);
  }
  map.setLayoutProperty(id, 'visibility', 'visible');
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
async function drawLabels(map: LibreMap): Promise<void> {
  const [rows, answer, shown, areas] = [
    places.value.data,
    values.value.data,
    product.value,
    regions.value.data,
  ];
  const points = labelPoints(rows?.places ?? [], answer?.values ?? null, shown);
  const regionPoints = labelPoints(areas?.places ?? [], null, null);
  const names = new Set(
    [...points.features, ...regionPoints.features].flatMap((f) => [...String(f.properties?.name)]),
  );
  await document.fonts.load(`400 24px "${FONT}"`, `0123456789.−${[...names].join('')}`).catch(() => []);
  map.getSource<GeoJSONSource>('place-labels')?.setData(points);
  map.getSource<GeoJSONSource>('region-labels')?.setData(regionPoints);
}

function drawValues(map: LibreMap): () => void {
  return effect(() => {
    const answer = values.value.data;
    const layer = view.value.layer;
    const state = (row: PlaceValue) => ({ value: row[0], clear: row[1], pixels: row[2] });
    for (const [id, row] of Object.entries(answer?.values ?? {})) {
      map.setFeatureState({ source: layer, sourceLayer: layer, id }, state(row));
    }
  });
}

function drawSelection(map: LibreMap, container: HTMLElement): () => void {
  let before: { source: string; sourceLayer: string; id: string } | null = null;
  let seen: string | null = null;
  return effect(() => {
    const { layer, place: id } = view.value;
    if (before !== null) map.setFeatureState(before, { selected: false });
    before = id === null ? null : { source: layer, sourceLayer: layer, id };
    if (before !== null) map.setFeatureState(before, { selected: true });
    const shown = place.value;
    if (shown === null || seen === id) {
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

function followPointer(map: LibreMap, stops: (() => void)[]): void {
  let hovered: { source: string; sourceLayer: string; id: string } | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | null = null;
  const hover = (next: typeof hovered) => {
    if (hovered?.id === next?.id && hovered?.source === next?.source) return;
    if (hovered !== null) map.setFeatureState(hovered, { hover: false });
    if (next !== null) map.setFeatureState(next, { hover: true });
    hovered = next;
  };
  const leave = () => {
    clearTimeout(timer);
    asking?.abort();
    hover(null);
    cursor.value = null;
  };
  const under = (event: MapMouseEvent) => {
    const layer = view.peek().layer;
    const feature = map.queryRenderedFeatures(event.point, { layers: [`${layer}-area`] })[0];
    const id = feature?.id ?? feature?.properties.id;
    return {
      layer,
      id: id === undefined ? null : String(id),
      name: feature ? String(feature.properties.name ?? '') : null,
    };
  };
  map.on('mousemove', (event) => {
    const found = under(event);
    hover(found.id === null ? null : { source: found.layer, sourceLayer: found.layer, id: found.id });
    map.getCanvas().style.cursor = found.id === null ? '' : 'pointer';
    const opens = event.point.x > map.getContainer().clientWidth - READOUT_PX ? 'left' : 'right';
    cursor.value = {
      x: event.point.x,
      y: event.point.y,
      opens,
      ...found,
      pixel: cursor.peek()?.pixel ?? null,
    };
    clearTimeout(timer);
    asking?.abort();
    timer = setTimeout(async () => {
      const [rows, shownProduct, shownDate] = [collection.peek(), product.peek(), date.peek()];
      if (rows === null || shownProduct === null || shownDate === null) return;
      asking = new AbortController();
      const { lng, lat } = event.lngLat;
      const query = {
        lon: lng.toFixed(6),
        lat: lat.toFixed(6),
        product: shownProduct.id,
        date: shownDate.date,
        collection: rows.id,
      };
      const pixel = await ask<Pixel>('/v1/pixel', query, asking.signal).catch(() => null);
      const now = cursor.peek();
      if (now !== null && now.x === event.point.x && now.y === event.point.y)
        cursor.value = { ...now, pixel };
    }, PIXEL_DELAY_MS);
  });
  map.on('mouseout', leave);
  map.on('click', (event) => {
    const found = under(event);
    if (found.id !== view.peek().place) go({ place: found.id });
  });
  stops.push(leave);
}
