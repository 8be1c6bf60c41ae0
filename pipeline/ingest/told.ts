import type { Atmosphere, Classification, Encoding, Radiometry } from '../core/scene.ts';
import type { Instant } from '../core/time.ts';
import type { BandCode } from '../sensors/bands.ts';
import type { SensorId } from '../sensors/table.ts';
import type { Description } from './describe.ts';
import type { Finding } from './finding.ts';
import type { RasterInfo } from './geotiff.ts';
import type { DeliveryKindId } from './kinds.ts';
import type { Place } from './metadata.ts';

/** Files of one acquisition, found on disk but not yet opened. All names are relative to `folder`. */
export interface Delivery {
  readonly kind: DeliveryKindId;
  readonly folder: string;
  /** The image the delivery is called by. */
  readonly image: string;
  /** Every raster that pixels may be read from. */
  readonly images: readonly string[];
  /** The file that explains the images; null where a description or their own tags do. */
  readonly metadata: string | null;
  readonly description: Description | null;
  /** Every file of it, in name order: companions, camera models and thumbnails too. */
  readonly files: readonly string[];
}

/** One band as a delivery tells of it. */
export interface ToldBand {
  readonly name: BandCode;
  readonly file: string;
  readonly number: number;
  readonly gain: number;
  readonly bias: number;
  /** Text file with the camera model; null where there is none beside the image. */
  readonly rpcFile: string | null;
}

/** What a delivery says of itself in its vendor's words, put into ours; nothing of it is checked against the rasters yet. */
export interface Told {
  readonly id: string;
  readonly collection: string;
  readonly sensor: SensorId;
  /** The vendor's own code of the satellite. */
  readonly satellite: string;
  readonly datetime: Instant;
  readonly level: string;
  readonly run: string | null;
  readonly encoding: Encoding;
  readonly radiometry: Radiometry;
  readonly bits: number | null;
  /** DN that means "no data" where the raster does not tag one; null for none. */
  readonly nodata: number | null;
  readonly bands: readonly ToldBand[];
  readonly classification: { readonly kind: Classification['kind']; readonly file: string } | null;
  readonly sunElevation: number | null;
  readonly sunAzimuth: number | null;
  readonly viewZenith: number | null;
  readonly viewAzimuth: number | null;
  readonly atmosphere: Atmosphere | null;
  readonly cloudPercent: number | null;
  readonly simulated: boolean;
  readonly footprint: readonly Place[] | null;
  /** Pixel of a raw image on the ground, m. */
  readonly gsd: number | null;
  /** Size of a raw image, pixels. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** CRS stated for rasters that name none. */
  readonly epsg: number | null;
  /** Remarks made while reading. */
  readonly findings: readonly Finding[];
}

/** What a reader may look at. */
export interface Bag {
  readonly delivery: Delivery;
  /** Bytes of a small file, bounded; throws E_DELIVERY_INCOMPLETE when it is not there. */
  readonly bytes: (file: string) => Promise<Uint8Array>;
  /** Tags of a raster; throws what the reader of rasters throws. */
  readonly raster: (file: string) => Promise<RasterInfo>;
}

/** A delivery's files in one folder, as a kind recognises them. */
export interface Group {
  readonly image: string;
  readonly images: readonly string[];
  /** Null: there should be one and is not; `expected` names it. */
  readonly metadata: string | null;
  readonly expected: string;
  readonly files: readonly string[];
}

/** A folder with all that is below it; names, not paths. */
export interface Listing {
  readonly path: string;
  readonly files: readonly string[];
  readonly folders: readonly Listing[];
}
