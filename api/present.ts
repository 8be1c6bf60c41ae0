import type { z } from 'zod';
import { transformer } from '../pipeline/core/crs.ts';
import { wordsOf } from '../pipeline/core/error.ts';
import { type Bbox, corners } from '../pipeline/core/grid.ts';
import { beijingDate } from '../pipeline/core/time.ts';
import type { DeliveryRow, StoredFinding } from '../pipeline/store/delivery.ts';
import type { PlaceRow } from '../pipeline/store/place.ts';
import type { SceneRow } from '../pipeline/store/scene.ts';
import type { ZoneRow } from '../pipeline/store/zone.ts';
import type { deliveryFeature, placeFeature, sceneFeature, zoneFeature } from './contract/features.ts';
import type { Series } from './contract/products.ts';

/** 1 亩 is 2000/3 m². */
const MU = 2000 / 3;

/** The few facts of a place that stand beside its curve and in front of its feature. */
export function presentPlace(place: PlaceRow): Series['place'] {
  return {
    id: place.id,
    kind: place.kind,
    code: place.code,
    name: place.name,
    crop: place.crop,
    areaM2: place.areaM2,
    areaMu: areaMu(place.areaM2),
    region: place.regionCode,
  };
}

/** A place as GeoJSON; what the imported file said of it stands behind our own properties. */
export function presentPlaceFeature(place: PlaceRow): z.input<typeof placeFeature> {
  const own = presentPlace(place);
  return {
    type: 'Feature',
    id: place.id,
    geometry: place.geometry,
    // Ours come first, and win over the same names in the file.
    properties: { ...own, ...place.properties, ...own, kind: place.kind },
  };
}

/** A box as the wire has it: a list that may be changed. */
export function plainBox([west, south, east, north]: Bbox): [number, number, number, number] {
  return [west, south, east, north];
}

/** A scene as GeoJSON: what it is, without where this machine keeps it. */
export function presentSceneFeature({
  scene,
  status,
  clearFraction,
}: SceneRow): z.input<typeof sceneFeature> {
  const toDegrees = transformer(scene.grid.epsg, 4326);
  // Counter-clockwise from the upper left, as RFC 7946 has outer rings.
  const [upperLeft, upperRight, lowerRight, lowerLeft] = corners(scene.grid);
  const ring = [upperLeft, lowerLeft, lowerRight, upperRight, upperLeft].map(([x, y]) =>
    toDegrees(x, y).map(sevenDigits),
  );
  return {
    type: 'Feature',
    id: scene.id,
    geometry: { type: 'Polygon', coordinates: [ring] },
    bbox: plainBox(scene.bbox),
    properties: {
      datetime: scene.datetime,
      date: beijingDate(scene.datetime),
      collection: scene.collection,
      sensor: scene.sensor,
      level: scene.level,
      encoding: scene.encoding,
      radiometry: scene.radiometry,
      status,
      clearFraction,
      cloudPercent: scene.cloudPercent,
      sunElevation: scene.sunElevation,
      sunAzimuth: scene.sunAzimuth,
      viewZenith: scene.viewZenith,
      viewAzimuth: scene.viewAzimuth,
      epsg: scene.grid.epsg,
      bands: scene.bands.map((band) => band.name),
      simulated: scene.simulated,
    },
  };
}

/** A zone as GeoJSON. */
export function presentZoneFeature(zone: ZoneRow): z.input<typeof zoneFeature> {
  const { id, geometry, properties, regionCode, ...own } = zone;
  return {
    type: 'Feature',
    id,
    geometry,
    properties: { ...properties, id, kind: 'zone', ...own, areaMu: areaMu(zone.areaM2), region: regionCode },
  };
}

/** A delivery as GeoJSON, in the box of its scene: what was said of it, without where this machine keeps it. */
export function presentDeliveryFeature(row: DeliveryRow): z.input<typeof deliveryFeature> {
  const { id, bbox, name, kind, verdict, times, findings, files, acquired } = row;
  return {
    type: 'Feature',
    id,
    geometry: bbox === null ? null : boxPolygon(bbox),
    ...(bbox === null ? {} : { bbox: plainBox(bbox) }),
    properties: {
      datetime: row.receivedAt,
      checked: row.checkedAt,
      times,
      name,
      kind,
      verdict,
      scene: row.sceneId,
      acquired,
      findings: findings.map(presentFinding),
      files: files.map(({ name: file, bytes, sha256 }) => ({ name: file, bytes, sha256 })),
    },
  };
}

function presentFinding({ code, severity, file, element, what, where }: StoredFinding) {
  const details = { what, where: where ?? file };
  const [zh, en] = [wordsOf(code, details, 'zh'), wordsOf(code, details, 'en')];
  const message = { zh: zh.message, en: en.message };
  return { code, severity, file, element, message, remedy: { zh: zh.remedy, en: en.remedy } };
}

/** Counter-clockwise from the lower left, as RFC 7946 has outer rings. */
function boxPolygon([west, south, east, north]: Bbox) {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return { type: 'Polygon' as const, coordinates: [ring] };
}

function areaMu(areaM2: number): number {
  return Number((areaM2 / MU).toFixed(2));
}

/** Degrees to about a centimetre. */
function sevenDigits(degrees: number): number {
  return Number(degrees.toFixed(7));
}
