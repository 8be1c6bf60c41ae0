import { effect } from '@preact/signals';
import { Map as LibreMap, type MapMouseEvent, ScaleControl, setWorkerUrl } from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import { ask, type Pixel } from './client.ts';
import { collection, date, extent, product } from './data.ts';
import { DETAIL_PX, keepEqual } from './draw.ts';
import { baseStyle, FONT, hatchImage, MAP_COLORS } from './layers.ts';
import {
  bounds,
  busy,
  cursor,
  go,
  layer,
  placed,
  placeId,
  resolvedTheme,
  tilesFailed,
  view,
} from './state.ts';

setWorkerUrl(workerUrl);

const PIXEL_DELAY_MS = 120;
const READOUT_PX = 280;
/** Right edge of the legend (style.css). */
const LEGEND_PX = 304;

export interface MapHandle {
  zoom(by: number): void;
  showAll(): void;
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
  const showAll = () => {
    const box = extent.peek();
    if (box) map.fitBounds([...box], { padding: fitPadding(container), duration: 0 });
  };
  map.once('style.load', () => {
    map.addImage('hatch', hatchImage(MAP_COLORS[resolvedTheme.peek()].hatch), { pixelRatio: 2 });
    stops.push(...keepEqual(map, container));
    followPointer(map, stops);
  });
  followCamera(map, stops, showAll);
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
    showAll,
    close() {
      for (const stop of stops) stop();
      map.remove();
    },
  };
}

/** Room for the legend and the date strip, so that "everything" is not half under a panel. */
function fitPadding(container: HTMLElement): { top: number; bottom: number; left: number; right: number } {
  if (container.clientWidth < 720) return { top: 96, bottom: 176, left: 16, right: 16 };
  if (view.peek().place !== null) return { top: 32, bottom: 120, left: 72, right: DETAIL_PX + 32 };
  // Where there is room beside the legend, the land does not hide behind it.
  return { top: 32, bottom: 120, left: container.clientWidth >= 960 ? LEGEND_PX + 32 : 72, right: 32 };
}

function followCamera(map: LibreMap, stops: (() => void)[], showAll: () => void): void {
  placed.value = view.peek().camera !== null;
  let before: string | null = null;
  const remember = () => {
    const box = map.getBounds();
    bounds.value = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
    if (!placed.peek()) return;
    const { lng, lat } = map.getCenter();
    go({ camera: { lon: lng, lat, zoom: map.getZoom() } }, 'replace');
  };
  map.on('moveend', remember);
  map.once('load', remember);
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
      if (!placed.peek() || (away && before !== null && collection.value?.id !== before)) showAll();
      placed.value = true;
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
    const shown = layer.peek();
    const feature = map.queryRenderedFeatures(event.point, { layers: [`${shown}-area`] })[0];
    const id = feature?.id ?? feature?.properties.id;
    return {
      layer: shown,
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
    if (found.id !== placeId.peek()) go({ place: found.id });
  });
  stops.push(leave);
}
