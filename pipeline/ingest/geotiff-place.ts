import { isKnownCrs } from '../core/crs.ts';
import type { CrsKeys } from '../core/crs-keys.ts';
import { HeituError } from '../core/error.ts';
import type { Grid } from '../core/grid.ts';
import type { Scene } from '../core/scene.ts';
import type { RasterInfo } from './geotiff-file.ts';
import { fitGcps } from './geotiff-gcp.ts';

/** A raster's own grid, and its coordinate system where that has no EPSG code. */
export interface OwnPlace {
  readonly grid: Grid;
  readonly crsKeys: CrsKeys | null;
  /** How the transform was come by, when it is not the file's own. */
  readonly fitted: string | null;
}

export interface PlaceOptions {
  /** EPSG code that a person states. */
  readonly epsg?: number | undefined;
  /** Fit a transform to ground control points, where there is none in the file. */
  readonly gcps?: boolean;
}

/**
 * The grid of a raster for work that stays on it: its coordinate system need not be one that positions can be transformed
 * from, but it must be known. Throws E_CRS_UNKNOWN for a raster without a transform, or whose system is neither an EPSG code
 * we know nor described by its own keys.
 */
export function ownPlace(
  info: RasterInfo,
  where: string,
  { epsg: stated, gcps }: PlaceOptions = {},
): OwnPlace {
  const fit = info.transform === null && gcps === true ? fitGcps(info.gcps) : null;
  const transform = info.transform ?? fit?.transform ?? null;
  const unknown = (what: string) => new HeituError('E_CRS_UNKNOWN', { where, what });
  if (transform === null) {
    throw unknown(
      info.gcps.length === 0
        ? 'it has no georeference'
        : `it has ${info.gcps.length} ground control points and no transform; --gcps fits one`,
    );
  }
  const epsg = stated ?? info.epsg;
  const isKept = epsg === null && info.crsKeys !== null;
  if (!isKept && !isKnownCrs(epsg)) {
    throw unknown(epsg === null ? (info.crsName ?? 'none given') : `EPSG:${epsg}`);
  }
  return {
    grid: { width: info.width, height: info.height, transform, epsg },
    crsKeys: isKept ? info.crsKeys : null,
    fitted: fit === null ? null : `${info.gcps.length} ground control points, rms ${fit.rms.toPrecision(4)}`,
  };
}

/** The grid of a raster, its CRS as stated by the person where they did; E_CRS_UNKNOWN when positions stay unknown. */
export function placedGrid(info: RasterInfo, where: string, stated?: number): Scene['grid'] {
  const epsg = stated ?? info.epsg;
  if (info.transform === null || !isKnownCrs(epsg)) {
    throw new HeituError('E_CRS_UNKNOWN', {
      where,
      what:
        info.transform === null
          ? 'it has no georeference'
          : epsg === null
            ? (info.crsName ?? 'none given')
            : `EPSG:${epsg}`,
    });
  }
  return { width: info.width, height: info.height, transform: info.transform, epsg };
}
