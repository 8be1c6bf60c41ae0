import { isGeographic, transformBbox } from '../core/crs.ts';
import { bounds, type Grid } from '../core/grid.ts';

/** The one analysis grid of a workspace without an extent: CRS, a pixel corner, and pixel size (height negative). */
export interface Lattice {
  readonly epsg: number;
  readonly originX: number;
  readonly originY: number;
  readonly pixelWidth: number;
  readonly pixelHeight: number;
}

/**
 * The lattice that the first scene of a workspace sets: in the CRS its instrument asks for, with the origin at multiples of the
 * pixel size, or the scene's own grid as it is (`analysisEpsg` null).
 * A rotated first grid becomes north-up with its own pixel size.
 */
export function latticeFor(grid: Grid & { epsg: number }, analysisEpsg: number | null): Lattice {
  const [originX, pixelWidth, rowRotation, originY, columnRotation, pixelHeight] = grid.transform;
  const isNorthUp = rowRotation === 0 && columnRotation === 0 && pixelHeight < 0 && pixelWidth > 0;
  const size = Math.hypot(pixelWidth, columnRotation);
  if (analysisEpsg === null || isGeographic(grid.epsg)) {
    return isNorthUp
      ? { epsg: grid.epsg, originX, originY, pixelWidth, pixelHeight }
      : {
          epsg: grid.epsg,
          originX,
          originY,
          pixelWidth: size,
          pixelHeight: -Math.hypot(rowRotation, pixelHeight),
        };
  }
  // A centimetre is far below what geolocation knows; it keeps 2.9999 m pixels from making a grid of their own.
  const pixel = Math.round(size * 100) / 100;
  return { epsg: analysisEpsg, originX: 0, originY: 0, pixelWidth: pixel, pixelHeight: -pixel };
}

/** The smallest grid on the lattice that covers another grid, whatever its CRS. */
export function gridOn(lattice: Lattice, grid: Grid & { epsg: number }): Grid & { epsg: number } {
  const [west, south, east, north] =
    grid.epsg === lattice.epsg ? bounds(grid) : transformBbox(bounds(grid), grid.epsg, lattice.epsg);
  // A thousandth of a pixel of slack, so that an equal grid does not grow by a rim of empty pixels.
  const slack = 1e-3;
  const left = Math.floor((west - lattice.originX) / lattice.pixelWidth + slack);
  const right = Math.ceil((east - lattice.originX) / lattice.pixelWidth - slack);
  const top = Math.floor((north - lattice.originY) / lattice.pixelHeight + slack);
  const bottom = Math.ceil((south - lattice.originY) / lattice.pixelHeight - slack);
  return {
    width: right - left,
    height: bottom - top,
    transform: [
      lattice.originX + left * lattice.pixelWidth,
      lattice.pixelWidth,
      0,
      lattice.originY + top * lattice.pixelHeight,
      0,
      lattice.pixelHeight,
    ],
    epsg: lattice.epsg,
  };
}
