import { chiSquareSurvival } from '../calibrate/special.ts';
import { discoveryCut } from './discovery.ts';
import { type Departure, type Drop, departureOf, dropOf, fieldScores } from './expected.ts';
import { getisRaster } from './getis.ts';
import { type Season, SIGNALS, type Signal } from './looks.ts';
import { ANOMALY_RULE } from './rules.ts';

/** What one index says of a date. */
export interface Evidence {
  readonly departure: Departure;
  readonly fieldZ: Float32Array;
  /** One a row of ANOMALY_RULE.drops. */
  readonly drops: readonly Drop[];
  /** Gi* of the z surface. */
  readonly star: Float32Array;
  /** Gi* must be below this: −2.58, or lower where false discoveries would be too many. −Infinity where nothing passes. */
  readonly starCut: number;
}

/** Suspect pixels of a date and what they are suspected for. */
export interface Candidates {
  readonly evidence: Readonly<Record<Signal, Evidence>>;
  /** Of each pixel 0, or 1 plus the number in SIGNALS of the first index whose scores and cluster speak for it. */
  readonly led: Uint8Array;
  /** Of each suspect pixel the number of the first row of ANOMALY_RULE.drops that it meets. */
  readonly window: Uint8Array;
  readonly count: number;
}

/** Goes through steps 1 to 6 of METHODS 8.2 for look number `at`. */
export function candidatesOf(season: Season, at: number): Candidates {
  const evidence = { ngrdi: evidenceOf(season, 'ngrdi', at), ndvi: evidenceOf(season, 'ndvi', at) };
  const led = new Uint8Array(season.looks[at]!.quality.length);
  const window = new Uint8Array(led.length);
  let count = 0;
  for (let i = 0; i < led.length; i++) {
    const fallen = ANOMALY_RULE.drops.findIndex(
      ({ ndvi, ngrdi }, k) =>
        evidence.ndvi.drops[k]!.relative[i]! <= ndvi && evidence.ngrdi.drops[k]!.relative[i]! <= ngrdi,
    );
    if (fallen < 0) continue;
    const isLow = SIGNALS.some((signal) => {
      const { departure, fieldZ } = evidence[signal];
      return departure.z[i]! <= ANOMALY_RULE.z || fieldZ[i]! <= ANOMALY_RULE.fieldZ;
    });
    const first = SIGNALS.findIndex((signal) => evidence[signal].star[i]! <= evidence[signal].starCut);
    if (!isLow || first < 0) continue;
    led[i] = first + 1;
    window[i] = fallen;
    count++;
  }
  return { evidence, led, window, count };
}

function evidenceOf(season: Season, signal: Signal, at: number): Evidence {
  const { width, height } = season.ground;
  const departure = departureOf(season, signal, at, season.looks[at]!.day - ANOMALY_RULE.settleDays);
  const star = getisRaster(departure.z, width, height, ANOMALY_RULE.reach);
  return {
    departure,
    fieldZ: fieldScores(season, signal, at),
    drops: ANOMALY_RULE.drops.map(({ days }) => dropOf(season, signal, at, days)),
    star,
    starCut: starCutOf(star),
  };
}

/** Highest Gi* that passes both the fixed bound and the control of false discoveries, two-sided. */
function starCutOf(star: Float32Array): number {
  const cut = discoveryCut(
    Float64Array.from(star, (value) => chiSquareSurvival(value * value, 1)),
    ANOMALY_RULE.discoveryRate,
  );
  let highest = Number.NEGATIVE_INFINITY;
  for (const value of star)
    if (value <= ANOMALY_RULE.hot && value > highest && chiSquareSurvival(value * value, 1) <= cut)
      highest = value;
  return highest;
}
