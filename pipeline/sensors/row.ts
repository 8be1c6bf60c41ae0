import type { BandCode } from './bands.ts';

/** One spectral band of an instrument. */
export interface SensorBand {
  readonly name: BandCode;
  /** What the operator calls it in files and papers: `B8A`, `MSS3`. */
  readonly label: string;
  /** Centre wavelength and full width at half maximum, nm. */
  readonly centre: number;
  readonly width: number;
  /** Band-averaged solar irradiance E0 in W m-2 µm-1; null when the product comes as reflectance. */
  readonly e0: number | null;
  /** Place in the vendor's lists of coefficients, from 0, where those hold more than the bands here. */
  readonly place?: number;
}

/** One instrument (or family with the same bands). Rows only: code never asks for a sensor by name. */
export interface SensorRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** STAC platform and instrument names. */
  readonly platform: string;
  readonly instrument: string;
  /**
   * Satellite codes of vendor names and metadata that this row covers, as prefixes, with `_` and the camera where one
   * satellite carries several; empty for imagery named by a description.
   */
  readonly satellites: readonly string[];
  /** Ground sample distance of the multispectral bands, m. */
  readonly gsd: number;
  /** When the pixel of raw imagery changed, by satellite, latest first: the orbit was raised. */
  readonly gsdChanges?: readonly GsdChange[];
  /** Significant bits of a DN; the metadata's own value wins. */
  readonly bits: number;
  /** CRS of the analysis grid that a workspace gets when its first scene is this instrument's; null is the scene's own grid. */
  readonly analysisEpsg: number | null;
  /** Numbers in the vendor's lists of coefficients where they are more than the bands; `SensorBand.place` points into them. */
  readonly listLength?: number;
  /** Bands in the order of the delivered file. */
  readonly bands: readonly SensorBand[];
  /** Where wavelengths and E0 come from, and what is not confirmed. */
  readonly source: string;
}

/** Pixel of the multispectral bands before any resampling, m, from a day on. */
export interface GsdChange {
  readonly satellite: string;
  /** First day, `YYYY-MM-DD`. */
  readonly from: string;
  readonly gsd: number;
}
