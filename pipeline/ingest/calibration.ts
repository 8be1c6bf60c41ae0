import { HeituError } from '../core/error.ts';
import type { Encoding } from '../core/scene.ts';
import type { SensorRow } from '../sensors/row.ts';

/** Gain and bias of one band. */
export interface Coefficients {
  readonly gain: number;
  readonly bias: number;
}

/**
 * What the largest DN may come to, and how far the smallest may lie from zero, by what the numbers are. Sunlight on a white
 * ground is 640 W m-2 sr-1 µm-1 at most; a list beyond these bounds is of another unit or of another product.
 */
const PLAUSIBLE: Readonly<Record<Encoding, { min: number; max: number; bias: number }>> = {
  radiance: { min: 1, max: 10_000, bias: 500 },
  toa: { min: 0.05, max: 100, bias: 2 },
  boa: { min: 0.05, max: 100, bias: 2 },
  relative: { min: 0, max: Number.POSITIVE_INFINITY, bias: Number.POSITIVE_INFINITY },
};

/**
 * One pair a band of the sensor out of a vendor's lists, which hold one number a band in file order, or one for every band
 * the instrument has (`SensorRow.listLength`). Throws E_META_MISSING without gains, E_CALIBRATION_INVALID for a list of any
 * other length: it would calibrate the wrong bands.
 */
export function pickCoefficients(
  lists: { readonly gain: readonly number[] | null; readonly bias: readonly number[] | null },
  row: SensorRow,
  about: {
    readonly where: string;
    readonly bits: number;
    readonly encoding: Encoding;
    readonly names: readonly [string, string];
  },
): Coefficients[] {
  const { where, names } = about;
  if (lists.gain === null)
    throw new HeituError('E_META_MISSING', { where, what: names[0], element: names[0] });
  const { gain } = lists;
  const bias = lists.bias ?? gain.map(() => 0);
  for (const [element, list] of [
    [names[0], gain],
    [names[1], bias],
  ] as const) {
    if (list.length === row.bands.length || list.length === row.listLength) continue;
    const wanted = row.listLength === undefined ? '' : ` or ${row.listLength}`;
    const what = `${element} has ${list.length} numbers for ${row.bands.length}${wanted} bands`;
    throw new HeituError('E_CALIBRATION_INVALID', { where, what, element });
  }
  if (gain.length !== bias.length) {
    const what = `${names[0]} has ${gain.length} numbers and ${names[1]} ${bias.length}`;
    throw new HeituError('E_CALIBRATION_INVALID', { where, what, element: names[1] });
  }
  return row.bands.map((band, i) => {
    const at = gain.length === row.bands.length ? i : (band.place ?? i);
    const pair = { gain: gain[at]!, bias: bias[at]! };
    checkCoefficients(pair, `${names[0]} of ${band.name}`, about);
    return pair;
  });
}

/** Throws E_CALIBRATION_INVALID for coefficients that are zero, negative, no numbers, or beyond anything a camera sees. */
export function checkCoefficients(
  { gain, bias }: Coefficients,
  element: string,
  { where, bits, encoding }: { readonly where: string; readonly bits: number; readonly encoding: Encoding },
): void {
  const { min, max, bias: mostBias } = PLAUSIBLE[encoding];
  const full = gain * (2 ** bits - 1);
  const isFine = gain > 0 && full >= min && full <= max && Math.abs(bias) <= mostBias;
  if (isFine) return;
  const what = `${element} = ${gain}, bias ${bias}: the largest DN would be ${full.toPrecision(4)} ${UNIT[encoding]}`;
  throw new HeituError('E_CALIBRATION_INVALID', { where, what, element: element.split(' ')[0]! });
}

const UNIT: Readonly<Record<Encoding, string>> = {
  radiance: 'W m-2 sr-1 µm-1',
  toa: 'reflectance',
  boa: 'reflectance',
  relative: '',
};
