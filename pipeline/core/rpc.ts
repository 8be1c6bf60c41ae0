/**
 * Rational polynomial camera model (RPC00B): normalised longitude, latitude and ellipsoidal height to row and column
 * through quotients of cubic polynomials with 20 terms in the order 1, L, P, H, LP, LH, PH, L², P², H², PLH, L³, LP²,
 * LH², L²P, P³, PH², L²H, P²H, H³ (OGC/NITF STDI-0002; GDAL RFC 22). Plain data: it is stored with the scene.
 */
export interface Rpc {
  readonly lineOffset: number;
  readonly sampleOffset: number;
  /** Degrees, degrees, metres above the ellipsoid. */
  readonly latitudeOffset: number;
  readonly longitudeOffset: number;
  readonly heightOffset: number;
  readonly lineScale: number;
  readonly sampleScale: number;
  readonly latitudeScale: number;
  readonly longitudeScale: number;
  readonly heightScale: number;
  readonly lineNumerator: readonly number[];
  readonly lineDenominator: readonly number[];
  readonly sampleNumerator: readonly number[];
  readonly sampleDenominator: readonly number[];
  /** Position of the first pixel's centre in the model's own counting: 0 (GDAL's reading, the default) or 0.5. */
  readonly pixelCentre: 0 | 0.5;
}
