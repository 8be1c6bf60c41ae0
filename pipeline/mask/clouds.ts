import type { Cells, Look } from './cells.ts';
import { label } from './components.ts';
import { CLOUD, GROUND, judgeBright } from './ground.ts';
import { dilate, erode } from './morphology.ts';
import { BODY, CORE, HAZY, spectralClass } from './spectral.ts';
import { airShift, type Before, temporalClass } from './temporal.ts';
import { cellsIn, MASK } from './thresholds.ts';

/** Cloud and thin cloud of a coarse scene, as masks of 0 and 1. */
export interface Clouds {
  readonly cloud: Uint8Array;
  readonly haze: Uint8Array;
}

/**
 * Cloud by METHODS 2.2, steps 1 to 4: bodies that hang together and hold a core, or rose against earlier dates, without
 * bright ground, grown by 60 m into what may be haze. `before` is null when there are no earlier dates.
 */
export function findClouds(cells: Cells, before: Before | null, looks: readonly Look[]): Clouds {
  const { width, height, size } = cells;
  const found = spectralClass(cells);
  const shift = before === null ? 0 : airShift(cells, before);
  const rose = before === null ? null : temporalClass(cells, before, shift);
  const body = new Uint8Array(found.length);
  const core = new Uint8Array(found.length);
  const hazy = new Uint8Array(found.length);
  const risen = rose === null ? null : new Uint8Array(found.length);
  for (let i = 0; i < found.length; i++) {
    if (rose !== null && risen !== null) {
      if (rose[i] === BODY) body[i] = risen[i] = 1;
      if (rose[i]! >= HAZY) hazy[i] = 1;
    }
    if (found[i]! >= HAZY) hazy[i] = 1;
    if (found[i]! >= BODY) body[i] = 1;
    if (found[i] === CORE) core[i] = 1;
  }
  const parts = label(body, width, height);
  const verdicts = judgeBright(cells, parts, { core, risen }, looks);
  const cloud = new Uint8Array(found.length);
  for (let i = 0; i < cloud.length; i++) {
    const verdict = verdicts[parts.labels[i]!]!;
    if (verdict === CLOUD) cloud[i] = 1;
    else if (verdict === GROUND) hazy[i] = 0;
  }
  const near = dilate(cloud, width, height, cellsIn(MASK.reach, size));
  const half = Math.round(MASK.hazeWidth / size / 2);
  const even = half === 0 ? hazy : dilate(erode(hazy, width, height, half), width, height, half);
  const haze = new Uint8Array(found.length);
  for (let i = 0; i < haze.length; i++) {
    if (near[i]! & hazy[i]!) cloud[i] = 1;
    else if ((even[i]! & hazy[i]!) === 1 || (shift > 0 && cells.valid[i] === 1)) haze[i] = 1;
  }
  return { cloud, haze };
}
