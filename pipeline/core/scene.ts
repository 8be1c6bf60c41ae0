import type { Bbox, Grid } from './grid.ts';
import type { Instant } from './time.ts';

/** What a stored number of a scene means after `value = gain * DN + bias`. */
export type Encoding = 'radiance' | 'toa' | 'boa' | 'relative';

/** How far the radiometry can be trusted (METHODS section 1): what later steps may do depends on it. */
export type Radiometry = 'absolute' | 's2_anchored' | 'relative' | 'none';

/** One band of a scene: where it is stored and how its numbers are read. */
export interface SceneBand {
  /** ASI code. */
  readonly name: string;
  /** File name inside the delivery, and 1-based band number in it. */
  readonly file: string;
  readonly number: number;
  /** `value = gain * DN + bias`, in the unit that `Scene.encoding` names. */
  readonly gain: number;
  readonly bias: number;
}

/** One file of a delivery, with its checksum. */
export interface SceneFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** One acquisition as delivered. Plain data: it is stored as JSON beside its geometry. */
export interface Scene {
  /** Vendor id without processing suffixes, or the file stem. */
  readonly id: string;
  readonly collection: string;
  readonly sensor: string;
  readonly datetime: Instant;
  readonly level: string;
  readonly encoding: Encoding;
  readonly radiometry: Radiometry;
  /** Significant bits; the largest DN, 2^bits − 1, is saturation. Null when not known (floats, reflectance). */
  readonly bits: number | null;
  /** DN that means "no data"; null when every number is a value. */
  readonly nodata: number | null;
  readonly bands: readonly SceneBand[];
  readonly grid: Grid & { readonly epsg: number };
  /** Footprint's box in longitude and latitude. */
  readonly bbox: Bbox;
  /** Degrees; null where the delivery does not say. */
  readonly sunElevation: number | null;
  readonly sunAzimuth: number | null;
  readonly viewZenith: number | null;
  readonly viewAzimuth: number | null;
  /** The vendor's own cloud figure in per cent; null when not given. */
  readonly cloudPercent: number | null;
  /** Folder the files are in. */
  readonly folder: string;
  readonly files: readonly SceneFile[];
  /** True when the imagery is not measured but made; every screen says so. */
  readonly simulated: boolean;
}
