import { HeituError } from '../core/error.ts';
import type { Bbox } from '../core/grid.ts';
import type { Rpc } from '../core/rpc.ts';

/** Numbers of a model that are not coefficients, with the names that the two text styles give them. */
const SCALARS = {
  lineOffset: ['LINE_OFF', 'lineOffset'],
  sampleOffset: ['SAMP_OFF', 'sampOffset'],
  latitudeOffset: ['LAT_OFF', 'latOffset'],
  longitudeOffset: ['LONG_OFF', 'longOffset'],
  heightOffset: ['HEIGHT_OFF', 'heightOffset'],
  lineScale: ['LINE_SCALE', 'lineScale'],
  sampleScale: ['SAMP_SCALE', 'sampScale'],
  latitudeScale: ['LAT_SCALE', 'latScale'],
  longitudeScale: ['LONG_SCALE', 'longScale'],
  heightScale: ['HEIGHT_SCALE', 'heightScale'],
} as const;

/** The four cubic polynomials, likewise. */
const POLYNOMIALS = {
  lineNumerator: ['LINE_NUM_COEFF', 'lineNumCoef'],
  lineDenominator: ['LINE_DEN_COEFF', 'lineDenCoef'],
  sampleNumerator: ['SAMP_NUM_COEFF', 'sampNumCoef'],
  sampleDenominator: ['SAMP_DEN_COEFF', 'sampDenCoef'],
} as const;

type Scalar = keyof typeof SCALARS;
type Polynomial = keyof typeof POLYNOMIALS;

const SCALAR_NAMES = Object.keys(SCALARS) as Scalar[]; // keys of the table above
const POLYNOMIAL_NAMES = Object.keys(POLYNOMIALS) as Polynomial[]; // likewise

/** Where the first pixel's centre is in the model's own counting. */
type PixelCentre = Rpc['pixelCentre'];

const TERMS = 20;

/** A model takes 3 to 6 kB as text; what is much longer is something else. */
const LONGEST_TEXT = 65_536;

/** Sizes that no camera over the Earth has: pixels, degrees, metres, and the largest number the standard can write. */
const LIMITS = { pixels: 1e7, latitude: 90, longitude: 360, height: 1e5, coefficient: 1e10 } as const;

/**
 * Reads a camera model from text: lines `LINE_OFF: +012345.00 pixels … LINE_NUM_COEFF_1: …` (IKONOS, GeoEye, ZY-3, and GDAL's
 * `_RPC.TXT`, which may also list twenty numbers after `LINE_NUM_COEFF:`), or DigitalGlobe's `.rpb`
 * (`lineOffset = 12345;  lineNumCoef = ( …, … );`). Throws E_RPC_INVALID for anything a model lacks or cannot be.
 * `parseRpc(text, 'a_rpc.txt').lineOffset` is 12345.
 * Source: STDI-0002 vol. 1 app. E (RPC00B); GDAL RFC 22; DigitalGlobe ISD format 1.1.2.
 */
export function parseRpc(text: string, where: string, pixelCentre: PixelCentre = 0): Rpc {
  if (text.length > LONGEST_TEXT) throw invalid(where, `${text.length} characters`);
  // Anything but plain text here is a mistaken encoding or an attack; numbers need neither.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  if (/[\u0000-\u0008\u000e-\u001f]/.test(text)) throw invalid(where, 'control characters');
  const isRpb = /^\s*(lineOffset|lineNumCoef)\s*=/m.test(text);
  const items = isRpb ? rpbItems(text, where) : lineItems(text, where);
  const spec = items.get('specId');
  if (spec !== undefined && !/^"?RPC00B"?$/.test(spec[0] ?? '')) {
    throw invalid(where, `specification ${spec[0]}: only RPC00B orders its terms as is read here`);
  }
  const style = isRpb ? 1 : 0;
  const values = (name: string, count: number) => {
    const words = items.get(name);
    if (words === undefined) throw invalid(where, `${name} is missing`);
    if (words.length !== count)
      throw invalid(where, `${name} has ${words.length} values instead of ${count}`);
    return words.map((word) => numberOf(word, name, where));
  };
  const scalar = (key: Scalar) => values(SCALARS[key][style], 1)[0]!;
  const polynomial = (key: Polynomial) => values(POLYNOMIALS[key][style], TERMS);
  return checkRpc(assemble(scalar, polynomial, pixelCentre), where);
}

/**
 * The camera model of TIFF tag 50844 (RPCCoefficientTag): error bias and random, offsets, scales, then 4 × 20 coefficients.
 * Throws E_RPC_INVALID for another count than 92, or numbers that are no model.
 * Source: "RPCs in GeoTIFF", http://geotiff.maptools.org/rpc_prop.html.
 */
export function rpcFromTag(
  numbers: readonly number[],
  where = 'TIFF tag 50844',
  pixelCentre: PixelCentre = 0,
): Rpc {
  if (numbers.length !== 92) throw invalid(where, `${numbers.length} numbers instead of 92`);
  const scalar = (key: Scalar) => numbers[2 + SCALAR_NAMES.indexOf(key)]!;
  const polynomial = (key: Polynomial) => {
    const start = 12 + TERMS * POLYNOMIAL_NAMES.indexOf(key);
    return numbers.slice(start, start + TERMS);
  };
  return checkRpc(assemble(scalar, polynomial, pixelCentre), where);
}

function assemble(
  scalar: (key: Scalar) => number,
  polynomial: (key: Polynomial) => readonly number[],
  pixelCentre: PixelCentre,
): Rpc {
  return {
    lineOffset: scalar('lineOffset'),
    sampleOffset: scalar('sampleOffset'),
    latitudeOffset: scalar('latitudeOffset'),
    longitudeOffset: scalar('longitudeOffset'),
    heightOffset: scalar('heightOffset'),
    lineScale: scalar('lineScale'),
    sampleScale: scalar('sampleScale'),
    latitudeScale: scalar('latitudeScale'),
    longitudeScale: scalar('longitudeScale'),
    heightScale: scalar('heightScale'),
    lineNumerator: polynomial('lineNumerator'),
    lineDenominator: polynomial('lineDenominator'),
    sampleNumerator: polynomial('sampleNumerator'),
    sampleDenominator: polynomial('sampleDenominator'),
    pixelCentre,
  };
}

/** Units that follow a number in the first style. */
const UNIT = /^(pixels?|degrees?|met(er|re)s?)$/i;

/** `KEY: value [unit]` a line; `KEY_1` … `KEY_20` are gathered under `KEY`. */
function lineItems(text: string, where: string): Map<string, string[]> {
  const items = new Map<string, string[]>();
  const numbered = new Map<string, string>();
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^\s*([A-Za-z]\w*)\s*[:=]\s*(.*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, key = '', rest = ''] = match;
    const words = rest.split(/[\s,]+/).filter((word) => word !== '' && !UNIT.test(word));
    const part = /^(\w+_COEFF)_(\d{1,2})$/.exec(key.toUpperCase());
    if (part === null) putOnce(items, key.toUpperCase(), words, where);
    else {
      const name = `${part[1]}_${Number(part[2])}`;
      if (numbered.has(name)) throw invalid(where, `${name} is there twice`);
      if (words.length !== 1) throw invalid(where, `${name} has ${words.length} values instead of 1`);
      numbered.set(name, words[0]!);
    }
  }
  for (const [key] of Object.values(POLYNOMIALS)) {
    const own = [...numbered.keys()].filter((name) => name.startsWith(`${key}_`));
    if (own.length === 0) continue;
    if (own.length !== TERMS) throw invalid(where, `${key} has ${own.length} values instead of ${TERMS}`);
    const values = Array.from({ length: TERMS }, (_, i) => {
      const value = numbered.get(`${key}_${i + 1}`);
      if (value === undefined) throw invalid(where, `${key}_${i + 1} is missing`);
      return value;
    });
    putOnce(items, key, values, where);
  }
  return items;
}

/** `key = value;` and `key = ( value, … );`, over as many lines as they like. */
function rpbItems(text: string, where: string): Map<string, string[]> {
  const items = new Map<string, string[]>();
  for (const match of text.matchAll(/([A-Za-z]\w*)\s*=\s*(\(([^)]*)\)|[^;\n(]*)\s*(;|\n|$)/g)) {
    const [, key = '', plain = '', list] = match;
    const words = (list ?? plain).split(list === undefined ? /\s+/ : ',').map((word) => word.trim());
    // Groups begin and end more than once; they say nothing that is read here.
    if (/^(BEGIN|END)_GROUP$/.test(key)) continue;
    const name = key.toLowerCase() === 'specid' ? 'specId' : key;
    putOnce(items, name, list === undefined ? words.filter((word) => word !== '') : words, where);
  }
  return items;
}

function putOnce(items: Map<string, string[]>, key: string, words: string[], where: string): void {
  // Two different values leave open which is meant.
  if (items.has(key) && items.get(key)!.join() !== words.join())
    throw invalid(where, `${key} is there twice`);
  items.set(key, words);
}

function numberOf(word: string, name: string, where: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(word) ? Number(word) : Number.NaN;
  if (!Number.isFinite(value)) throw invalid(where, `${name} is ${word.slice(0, 40)}`);
  return value;
}

/**
 * The model itself when it can be one: finite numbers of sensible size, positive scales, denominators that keep their sign
 * wherever the model holds (normalised −1 to 1), rows and columns that differ from place to place.
 */
function checkRpc(rpc: Rpc, where: string): Rpc {
  const bounded = (key: Scalar, least: number, most: number) => {
    const value = rpc[key];
    if (!(value >= least && value <= most)) throw invalid(where, `${SCALARS[key][0]} is ${value}`);
  };
  bounded('lineOffset', -LIMITS.pixels, LIMITS.pixels);
  bounded('sampleOffset', -LIMITS.pixels, LIMITS.pixels);
  bounded('latitudeOffset', -LIMITS.latitude, LIMITS.latitude);
  bounded('longitudeOffset', -LIMITS.longitude, LIMITS.longitude);
  bounded('heightOffset', -LIMITS.height, LIMITS.height);
  bounded('lineScale', Number.MIN_VALUE, LIMITS.pixels);
  bounded('sampleScale', Number.MIN_VALUE, LIMITS.pixels);
  bounded('latitudeScale', Number.MIN_VALUE, LIMITS.latitude);
  bounded('longitudeScale', Number.MIN_VALUE, LIMITS.longitude);
  bounded('heightScale', Number.MIN_VALUE, LIMITS.height);
  for (const key of POLYNOMIAL_NAMES) {
    const [name] = POLYNOMIALS[key];
    const bad = rpc[key].find((value) => !(Math.abs(value) <= LIMITS.coefficient));
    if (bad !== undefined) throw invalid(where, `${name} holds ${bad}`);
    if (rpc[key].every((value) => value === 0)) throw invalid(where, `${name} is zero throughout`);
  }
  for (const key of ['lineDenominator', 'sampleDenominator'] as const) {
    if (!keepsSign(rpc[key])) throw invalid(where, `${POLYNOMIALS[key][0]} vanishes inside the footprint`);
  }
  const { det, size } = slopes(rpc, 0, 0, 0);
  if (!(Math.abs(det) > 1e-6 * size)) {
    throw invalid(where, 'rows and columns do not follow from longitude and latitude');
  }
  return rpc;
}

/** Steps along each axis at which a denominator is looked at; cubics of real models are within 1 % of constant. */
const SIGN_STEPS = 8;

function keepsSign(denominator: readonly number[]): boolean {
  const terms = new Float64Array(TERMS);
  let [least, most] = [Infinity, -Infinity];
  for (let i = 0; i <= SIGN_STEPS; i++) {
    for (let j = 0; j <= SIGN_STEPS; j++) {
      for (let k = 0; k <= SIGN_STEPS; k++) {
        const at = (step: number) => (2 * step) / SIGN_STEPS - 1;
        termsOf(at(i), at(j), at(k), terms);
        const value = dot(denominator, terms);
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
  }
  // A hundredth of its largest value is as good as zero: pixels there would be a hundred times as large as elsewhere.
  const largest = Math.max(Math.abs(least), Math.abs(most));
  return (least > 0 && least > largest / 100) || (most < 0 && most < -largest / 100);
}

/** The twenty products of normalised longitude L, latitude P and height H, in the order of RPC00B. */
function termsOf(l: number, p: number, h: number, terms: Float64Array): void {
  terms[0] = 1;
  terms[1] = l;
  terms[2] = p;
  terms[3] = h;
  terms[4] = l * p;
  terms[5] = l * h;
  terms[6] = p * h;
  terms[7] = l * l;
  terms[8] = p * p;
  terms[9] = h * h;
  terms[10] = p * l * h;
  terms[11] = l * l * l;
  terms[12] = l * p * p;
  terms[13] = l * h * h;
  terms[14] = l * l * p;
  terms[15] = p * p * p;
  terms[16] = p * h * h;
  terms[17] = l * l * h;
  terms[18] = p * p * h;
  terms[19] = h * h * h;
}

function dot(coefficients: readonly number[], terms: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < TERMS; i++) sum += coefficients[i]! * terms[i]!;
  return sum;
}

/** Shared by all calls of a thread: a projection is asked for millions of times and must not make garbage. */
const SCRATCH = new Float64Array(TERMS);

/** Normalised column and row of a normalised position. */
function quotients(rpc: Rpc, l: number, p: number, h: number): [sample: number, line: number] {
  termsOf(l, p, h, SCRATCH);
  return [
    dot(rpc.sampleNumerator, SCRATCH) / dot(rpc.sampleDenominator, SCRATCH),
    dot(rpc.lineNumerator, SCRATCH) / dot(rpc.lineDenominator, SCRATCH),
  ];
}

/**
 * Column and row of a place: longitude and latitude in degrees (WGS 84), height in metres above the ellipsoid. In pixel-edge
 * coordinates, so that the first pixel's centre is (0.5, 0.5); not finite where the model has no answer.
 */
export function project(rpc: Rpc, lon: number, lat: number, height: number): [col: number, row: number] {
  const [sample, line] = quotients(
    rpc,
    eastOf(rpc, lon) / rpc.longitudeScale,
    (lat - rpc.latitudeOffset) / rpc.latitudeScale,
    (height - rpc.heightOffset) / rpc.heightScale,
  );
  const edge = 0.5 - rpc.pixelCentre;
  return [sample * rpc.sampleScale + rpc.sampleOffset + edge, line * rpc.lineScale + rpc.lineOffset + edge];
}

/** Degrees east of the model's middle, across the date line if that is nearer. */
function eastOf(rpc: Rpc, lon: number): number {
  const east = lon - rpc.longitudeOffset;
  return east > 180 ? east - 360 : east < -180 ? east + 360 : east;
}

/** Step in normalised units for slopes: half the digits of a double. */
const SLOPE_STEP = 1e-6;

/** How normalised column and row move with normalised longitude (first two) and latitude. */
function slopes(rpc: Rpc, l: number, p: number, h: number) {
  const east = quotients(rpc, l + SLOPE_STEP, p, h);
  const west = quotients(rpc, l - SLOPE_STEP, p, h);
  const north = quotients(rpc, l, p + SLOPE_STEP, h);
  const south = quotients(rpc, l, p - SLOPE_STEP, h);
  const sl = (east[0] - west[0]) / (2 * SLOPE_STEP);
  const ll = (east[1] - west[1]) / (2 * SLOPE_STEP);
  const sp = (north[0] - south[0]) / (2 * SLOPE_STEP);
  const lp = (north[1] - south[1]) / (2 * SLOPE_STEP);
  return { sl, ll, sp, lp, det: sl * lp - sp * ll, size: Math.abs(sl * lp) + Math.abs(sp * ll) };
}

const MOST_STEPS = 20;
/** Normalised units; a ten-millionth of a scene is a thousandth of a pixel or less. */
const CONVERGED = 1e-10;

/**
 * Longitude and latitude of an image position (pixel-edge coordinates) at a height in metres above the ellipsoid, by Newton's
 * method; `project` of it gives the position back to 1e-5 pixels. Throws E_RPC_INVALID where the model diverges.
 */
export function locate(rpc: Rpc, col: number, row: number, height: number): [lon: number, lat: number] {
  const edge = 0.5 - rpc.pixelCentre;
  const sample = (col - edge - rpc.sampleOffset) / rpc.sampleScale;
  const line = (row - edge - rpc.lineOffset) / rpc.lineScale;
  const h = (height - rpc.heightOffset) / rpc.heightScale;
  let [l, p] = [0, 0];
  for (let step = 0; step < MOST_STEPS; step++) {
    const [s, n] = quotients(rpc, l, p, h);
    const { sl, ll, sp, lp, det } = slopes(rpc, l, p, h);
    const moveL = ((sample - s) * lp - (line - n) * sp) / det;
    const moveP = ((line - n) * sl - (sample - s) * ll) / det;
    l += moveL;
    p += moveP;
    // Positions beyond ten scenes away are no answer but the way to infinity.
    if (!(Math.abs(l) < 10 && Math.abs(p) < 10)) break;
    if (Math.abs(moveL) < CONVERGED && Math.abs(moveP) < CONVERGED) {
      const lon = rpc.longitudeOffset + l * rpc.longitudeScale;
      return [
        lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon,
        rpc.latitudeOffset + p * rpc.latitudeScale,
      ];
    }
  }
  throw invalid('RPC', `the model diverges at column ${col.toFixed(1)}, row ${row.toFixed(1)}`);
}

/** Points along each edge of an image at which its outline is looked at; between them it bends by less than a pixel. */
const EDGE_STEPS = 16;

/**
 * The box in longitude and latitude around an image of `width` × `height` pixels, seen on the ground at each of `grounds`
 * (metres above the ellipsoid; the model's own height where none is given). Throws E_RPC_INVALID where the model diverges.
 */
export function footprint(
  rpc: Rpc,
  width: number,
  height: number,
  grounds: readonly number[] = [rpc.heightOffset],
): Bbox {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of outline(rpc, width, height, grounds)) {
    west = Math.min(west, lon);
    south = Math.min(south, lat);
    east = Math.max(east, lon);
    north = Math.max(north, lat);
  }
  return [west, south, east, north];
}

/** Longitude and latitude along the edges of an image, at each of some ground heights. */
export function outline(
  rpc: Rpc,
  width: number,
  height: number,
  grounds: readonly number[],
): [lon: number, lat: number][] {
  const points: [number, number][] = [];
  for (const ground of grounds) {
    for (let i = 0; i <= EDGE_STEPS; i++) {
      const [x, y] = [(i * width) / EDGE_STEPS, (i * height) / EDGE_STEPS];
      points.push(locate(rpc, x, 0, ground), locate(rpc, x, height, ground));
      points.push(locate(rpc, 0, y, ground), locate(rpc, width, y, ground));
    }
  }
  return points;
}

function invalid(where: string, what: string): HeituError {
  return new HeituError('E_RPC_INVALID', { where, what });
}
