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
}

/** One instrument (or family with the same bands). Rows only: code never asks for a sensor by name. */
export interface SensorRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** STAC platform and instrument names. */
  readonly platform: string;
  readonly instrument: string;
  /** Satellite codes of vendor file names that this row covers, as prefixes; empty for imagery named by a description. */
  readonly satellites: readonly string[];
  /** Ground sample distance of the multispectral bands, m. */
  readonly gsd: number;
  /** Significant bits of a DN; the metadata's own value wins. */
  readonly bits: number;
  /** CRS of the analysis grid that a workspace gets when its first scene is this instrument's; null is the scene's own grid. */
  readonly analysisEpsg: number | null;
  /** Bands in the order of the delivered file. */
  readonly bands: readonly SensorBand[];
  /** Where wavelengths and E0 come from, and what is not confirmed. */
  readonly source: string;
}
