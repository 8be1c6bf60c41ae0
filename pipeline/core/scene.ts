import type { Bbox, Grid } from './grid.ts';
import type { Rpc } from './rpc.ts';
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
  /** Grid of the band's own raster where it is not the scene's: coarser bands of GP and Sentinel-2. Same CRS. */
  readonly grid: Grid | null;
  /** Where the band's raster lies when the delivery is not georeferenced; then `Scene.grid` is the grid it is orthorectified to. */
  readonly rpc: Rpc | null;
}

/** What the air was like, as the delivery or the operator says. */
export interface Atmosphere {
  /** Aerosol optical thickness at 550 nm. */
  readonly aot550: number;
  /** Column water vapour, g cm-2. */
  readonly water: number;
  /** Column ozone, cm-atm. */
  readonly ozone: number;
}

/** A vendor's own classification raster beside the bands. */
export interface Classification {
  readonly kind: 'scl' | 'qa_pixel';
  readonly file: string;
  readonly number: number;
  readonly grid: Grid;
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
  /** Processing run or baseline that made the delivery (`001`, `N0400`): a later one supersedes it; null when not told. */
  readonly run: string | null;
  /** Stated atmosphere; null leaves it to be estimated. */
  readonly atmosphere: Atmosphere | null;
  /** Mean height of the ground above sea level, m; null when not told. */
  readonly elevation: number | null;
  readonly classification: Classification | null;
  /** The vendor's own cloud figure in per cent; null when not given. */
  readonly cloudPercent: number | null;
  /** Folder the files are in. */
  readonly folder: string;
  readonly files: readonly SceneFile[];
  /** True when the imagery is not measured but made; every screen says so. */
  readonly simulated: boolean;
}

/** First number that the camera cannot tell from brighter ones; null where that is not known. */
export function saturationOf({ bits }: Pick<Scene, 'bits'>): number | null {
  return bits === null || bits === 8 ? null : 2 ** bits - 1;
}
