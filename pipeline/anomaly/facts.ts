import { EXCLUDING, QUALITY } from '../core/quality.ts';
import { label } from '../mask/components.ts';
import { dilate, erode } from '../mask/morphology.ts';
import { eigenOf } from '../models/linear.ts';
import type { Candidates } from './candidates.ts';
import type { PatchFacts } from './causes.ts';
import type { Drop } from './expected.ts';
import { type Ground, type Look, medianOver, type Season, type Signal } from './looks.ts';
import { cutOut, type Patch } from './patches.ts';
import { ANOMALY_RULE } from './rules.ts';

/** What comes from outside the images, for the place and date of a patch. */
export interface Outside {
  readonly hostProbability: number | null;
  readonly rain: boolean | null;
  readonly hailOrFrost: boolean | null;
}

export const NOTHING_KNOWN: Outside = { hostProbability: null, rain: null, hailOrFrost: null };

/** Pixels around a patch that count as beside it. */
const BESIDE = 2;

/** Pixels from the edge of a field within which a displaced edge of two pixels lies. */
const EDGE = 3;

/** Fields of which less is left without their rim are strips themselves: in them everything is thin. */
const LEAST_CORE = 0.3;

/** So many pixels of other hosts must lie beside it before they say anything. */
const LEAST_BESIDE = 6;

/** Pixels of a date where a look is spoilt, or that lie beside such ones: 1, else 0. */
export function nearCloud(look: Look, width: number, height: number): Uint8Array {
  const spoilt = EXCLUDING | QUALITY.HAZE.bit;
  const flagged = Uint8Array.from(look.quality, (quality) => ((quality & spoilt) === 0 ? 0 : 1));
  return dilate(flagged, width, height, ANOMALY_RULE.cloudReach);
}

/** Gathers what the causes of a new patch are weighed by. `beside` is what `nearCloud` gives for the date. */
export function factsOf(
  season: Season,
  at: number,
  patch: Patch,
  candidates: Candidates,
  beside: Uint8Array,
  event: Event,
  outside: Outside,
): PatchFacts {
  const look = season.looks[at]!;
  const { pixels, host } = patch;
  const { ndvi: fall, ngrdi } = dropsOf(candidates, pixels);
  const since = commonest(fall.since, pixels);
  const before = season.looks[since] ?? look;
  const group = season.groups.of[pixels[0]!]!;
  const over = (plane: Float32Array) => medianOver(plane, pixels);
  const { bands } = look;
  const change = (band: 'green' | 'red' | 'nir') => over(bands[band]) / over(before.bands[band]) - 1;
  const [green, nir] = [over(bands.green), over(bands.nir)];
  return {
    host: host.id,
    kind: host.kind,
    dayOfYear: dayOfYear(look.day),
    ndvi: over(look.ndvi),
    ndwi: (green - nir) / (green + nir),
    nir,
    drop: over(look.ndvi) - over(before.ndvi),
    groupDrop: fall.ofGroups.get(since)?.[group] ?? Number.NaN,
    ngrdiDrop: over(ngrdi.relative),
    change: {
      blue:
        bands.blue === null || before.bands.blue === null
          ? null
          : over(bands.blue) / over(before.bands.blue) - 1,
      green: change('green'),
      red: change('red'),
      nir: change('nir'),
    },
    ...shapeOf(patch, season.ground),
    ...event,
    cloudShare: shareOf(pixels, (i) => beside[i] === 1),
    hostProbability: outside.hostProbability,
    sightings: 1,
    growth: null,
    weather: { rain: outside.rain, hailOrFrost: outside.hailOrFrost },
  };
}

/** The falls that most suspect pixels of a patch were found by; the first window where none is suspect. */
export function dropsOf({ evidence, led, window }: Candidates, pixels: Int32Array): Record<Signal, Drop> {
  const counts = ANOMALY_RULE.drops.map(() => 0);
  for (const i of pixels) if (led[i] !== 0) counts[window[i]!]!++;
  const most = counts.indexOf(Math.max(...counts));
  return { ngrdi: evidence.ngrdi.drops[most]!, ndvi: evidence.ndvi.drops[most]! };
}

const DAY_MS = 86_400_000;

function dayOfYear(day: number): number {
  const date = new Date(day * DAY_MS);
  return Math.floor(day - Date.UTC(date.getUTCFullYear(), 0, 1) / DAY_MS) + 1;
}

function commonest(numbers: Int16Array, pixels: Int32Array): number {
  const counts = new Map<number, number>();
  for (const i of pixels) {
    const own = numbers[i]!;
    if (own >= 0) counts.set(own, (counts.get(own) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1] || b[0] - a[0])[0]?.[0] ?? -1;
}

function shareOf(pixels: Int32Array, holds: (i: number) => boolean): number {
  let count = 0;
  for (const i of pixels) if (holds(i)) count++;
  return count / pixels.length;
}

/** What happened at once on one date, over the borders of fields and hosts. */
export interface Event {
  readonly elongation: number;
  /** Share of pixels of other hosts right beside its patches that are suspect too; null where too few lie beside them. */
  readonly othersBeside: number | null;
}

/** The event of each patch, patches of one event sharing it. */
export function eventsOf(patches: readonly Patch[], ground: Ground, led: Uint8Array): Event[] {
  const { width, height, pixel, host } = ground;
  const mask = new Uint8Array(led.length);
  for (const { pixels } of patches) for (const i of pixels) mask[i] = 1;
  const reach = Math.max(1, Math.round(ANOMALY_RULE.eventGap / 2 / pixel));
  const { labels } = label(dilate(mask, width, height, reach), width, height);
  const made = new Map<number, Event>();
  const numbers = patches.map(({ pixels }) => labels[pixels[0]!]!);
  for (const number of new Set(numbers)) {
    const own = patches.filter((_, k) => numbers[k] === number);
    const others = new Set<number>();
    for (const { pixels, host: grown } of own)
      for (const i of pixels)
        around(i, BESIDE, width, height, (j) => {
          if (j >= 0 && host[j] !== 0 && host[j] !== grown.code) others.add(j);
        });
    const suspect = [...others].filter((j) => led[j] !== 0).length;
    made.set(number, {
      elongation: elongationOf(Int32Array.from(own.flatMap(({ pixels }) => [...pixels])), width),
      othersBeside: others.size < LEAST_BESIDE ? null : suspect / others.size,
    });
  }
  return numbers.map((number) => made.get(number)!);
}

/** Visits the square of pixels around one; −1 stands for a pixel outside the tile, which is of no field. */
function around(i: number, reach: number, width: number, height: number, visit: (j: number) => void): void {
  const [row, column] = [Math.floor(i / width), i % width];
  for (let r = row - reach; r <= row + reach; r++)
    for (let c = column - reach; c <= column + reach; c++)
      visit(r < 0 || r >= height || c < 0 || c >= width ? -1 : r * width + c);
}

function shapeOf({ pixels }: Patch, ground: Ground): Pick<PatchFacts, 'core' | 'edgeShare' | 'fieldShare'> {
  const { width, height, parcel } = ground;
  const field = fieldOf(pixels, parcel);
  let atEdge = 0;
  for (const i of pixels) {
    let isAtEdge = false;
    around(i, EDGE, width, height, (j) => {
      if (parcel[j] !== parcel[i]) isAtEdge = true;
    });
    if (isAtEdge) atEdge++;
  }
  return {
    core: coreOf(field.pixels, width) < LEAST_CORE ? null : coreOf(pixels, width),
    edgeShare: atEdge / pixels.length,
    fieldShare: field.share,
  };
}

/** Square root of the ratio of the second moments; a square pixel adds its own twelfth, so that one row has a width. */
function elongationOf(pixels: Int32Array, width: number): number {
  const n = pixels.length;
  let [x, y, xx, yy, xy] = [0, 0, 0, 0, 0];
  for (const i of pixels) {
    const [row, column] = [Math.floor(i / width), i % width];
    x += column / n;
    y += row / n;
    xx += column ** 2 / n;
    yy += row ** 2 / n;
    xy += (row * column) / n;
  }
  const covariance = xy - x * y;
  const { values } = eigenOf([
    [xx - x * x + 1 / 12, covariance],
    [covariance, yy - y * y + 1 / 12],
  ]);
  return Math.sqrt(values[0]! / values[1]!);
}

/** Share of pixels left when a rim of one pixel is taken off. */
function coreOf(pixels: Int32Array, width: number): number {
  if (pixels.length === 0) return 1;
  const cut = cutOut(pixels, width);
  const left = erode(cut.mask, cut.width, cut.height, 1).reduce((sum, one) => sum + one, 0);
  return left / pixels.length;
}

/** The field that holds most of a patch, and the share of it that the patch covers; none where there are no fields. */
function fieldOf(pixels: Int32Array, parcel: Int32Array): { pixels: Int32Array; share: number } {
  const counts = new Map<number, number>();
  for (const i of pixels) if (parcel[i] !== 0) counts.set(parcel[i]!, (counts.get(parcel[i]!) ?? 0) + 1);
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  if (most === undefined) return { pixels: new Int32Array(0), share: 0 };
  const own: number[] = [];
  for (let i = 0; i < parcel.length; i++) if (parcel[i] === most[0]) own.push(i);
  return { pixels: Int32Array.from(own), share: most[1] / own.length };
}
