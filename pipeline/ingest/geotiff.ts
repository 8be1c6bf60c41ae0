import { HeituError } from '../core/error.ts';
import type { Grid } from '../core/grid.ts';
import type { RasterInfo } from './geotiff-file.ts';

export { openRaster, openSource, type RasterFile, type RasterInfo, type TakeRow } from './geotiff-file.ts';
export { fitGcps, type Gcp, type GcpFit } from './geotiff-gcp.ts';
export { type Inspection, inspectRaster } from './geotiff-inspect.ts';
export type { Dtype } from './geotiff-layout.ts';
export type { BandInfo } from './geotiff-metadata.ts';
export { type OwnPlace, ownPlace, placedGrid } from './geotiff-place.ts';
export { makeArray, type Run, storedAs, type TypedArray } from './geotiff-samples.ts';
export { fileSource, memorySource, type Source } from './geotiff-source.ts';
export type { ValidityKind } from './geotiff-validity.ts';

/** The grid of a raster's full-size image; throws E_CRS_UNKNOWN when it has no usable transform. */
export function gridOf(info: RasterInfo): Grid {
  if (info.transform === null) {
    throw new HeituError('E_CRS_UNKNOWN', { where: info.file, what: 'there is no usable transform in it' });
  }
  return { width: info.width, height: info.height, transform: info.transform, epsg: info.epsg };
}
