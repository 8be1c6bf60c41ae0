import type { Cells, Look } from './cells.ts';
import { type Components, label } from './components.ts';
import { BODY, spectralClass } from './spectral.ts';
import { MASK } from './thresholds.ts';

/** What tells a cloud from bright ground, for each component (METHODS 2.2, steps 2 and 3); entry 0 is unused. */
interface Traits {
  /** Cells that are the core of a cloud, and cells brighter than at the last clear looks. */
  readonly cores: Int32Array;
  readonly risen: Int32Array;
  /** Edges between a cell of the component and one outside. */
  readonly edges: Int32Array;
  /** Sum over those edges of the fall in blue. */
  readonly steps: Float64Array;
}

/** What speaks for cloud in a cell, as masks of 0 and 1. */
export interface Evidence {
  readonly core: Uint8Array;
  /** Brighter than at the last clear looks; null when there were none. */
  readonly risen: Uint8Array | null;
}

/** What a bright component is. */
export const THIN = 0;
export const CLOUD = 1;
export const GROUND = 2;

/**
 * THIN, CLOUD or GROUND for every label: bright ground is narrow and sharp, or was there on two of the last three dates;
 * cloud has a core or has risen, and is of some size; what is left may be haze, or a scrap of the cloud beside it.
 */
export function judgeBright(
  cells: Cells,
  parts: Components,
  evidence: Evidence,
  looks: readonly Look[],
): Uint8Array {
  const { width, step } = MASK.ground;
  const traits = traitsOf(cells, parts, evidence);
  const standing = standingLabels(cells, parts, looks);
  const hectare = 10_000 / cells.size ** 2;
  const verdicts = new Uint8Array(parts.count + 1);
  for (let k = 1; k <= parts.count; k++) {
    const size = parts.sizes[k]!;
    const edges = Math.max(1, traits.edges[k]!);
    const isNarrow = ((2 * size) / edges) * cells.size < width && traits.steps[k]! / edges > step;
    const hasRisen = 2 * traits.risen[k]! > size;
    const least = (hasRisen ? MASK.ground.risenHectares : MASK.ground.hectares) * hectare;
    const isSeeded = traits.cores[k]! > 0 || traits.risen[k]! > 0;
    if (isNarrow || standing[k] === 1) verdicts[k] = GROUND;
    else if (isSeeded && size >= least) verdicts[k] = CLOUD;
  }
  return verdicts;
}

function traitsOf(cells: Cells, { labels, count }: Components, { core, risen }: Evidence): Traits {
  const { width, height, B, valid } = cells;
  const traits: Traits = {
    cores: new Int32Array(count + 1),
    risen: new Int32Array(count + 1),
    edges: new Int32Array(count + 1),
    steps: new Float64Array(count + 1),
  };
  const meet = (i: number, j: number): void => {
    if (labels[i] === labels[j] || valid[i] === 0 || valid[j] === 0) return;
    const own = labels[i] !== 0 ? i : j;
    const other = own === i ? j : i;
    const k = labels[own]!;
    traits.edges[k]!++;
    traits.steps[k]! += B[own]! - B[other]!;
  };
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      const i = row * width + col;
      const k = labels[i]!;
      if (k !== 0) {
        traits.cores[k]! += core[i]!;
        if (risen !== null) traits.risen[k]! += risen[i]!;
      }
      if (col + 1 < width) meet(i, i + 1);
      if (row + 1 < height) meet(i, i + width);
    }
  }
  return traits;
}

/** 1 for every label that was there, as bright and about as large, on two of the last three dates. */
function standingLabels(cells: Cells, parts: Components, looks: readonly Look[]): Uint8Array {
  const { jaccard, dates, of } = MASK.ground;
  const seen = new Uint8Array(parts.count + 1);
  const last = looks.slice(0, of);
  if (last.length < dates || parts.count === 0) return seen;
  for (const look of last) {
    const bright = spectralClass(look.cells);
    for (let i = 0; i < bright.length; i++) bright[i] = bright[i]! >= BODY ? 1 : 0;
    if (!mayStand(parts, bright)) continue;
    const then = label(bright, cells.width, cells.height);
    overlaps(parts, then).forEach(([common, union], k) => {
      if (common > jaccard * union) seen[k]!++;
    });
  }
  return seen.map((count) => (count >= dates ? 1 : 0));
}

/** True when a label has more cells in common with `bright` than it takes for a match: mostly none has, and the rest is saved. */
function mayStand({ labels, sizes }: Components, bright: Uint8Array): boolean {
  const common = new Int32Array(sizes.length);
  for (let i = 0; i < labels.length; i++) if (labels[i] !== 0) common[labels[i]!]! += bright[i]!;
  return common.some((cells, k) => k > 0 && cells > MASK.ground.jaccard * sizes[k]!);
}

/** For each label of `now`: cells it shares with `then`, and cells of it and of all parts of `then` it meets. */
function overlaps(now: Components, then: Components): (readonly [common: number, union: number])[] {
  const shared = new Map<number, number>();
  const stride = then.count + 1;
  const add = (pair: number, cells: number): void => {
    if (cells > 0) shared.set(pair, (shared.get(pair) ?? 0) + cells);
  };
  // Neighbours along a row mostly make the same pair: the map is asked once a run.
  let [pair, run] = [0, 0];
  for (let i = 0; i < now.labels.length; i++) {
    const [a, b] = [now.labels[i]!, then.labels[i]!];
    const own = a === 0 || b === 0 ? 0 : a * stride + b;
    if (own === pair && own !== 0) run++;
    else {
      add(pair, run);
      pair = own;
      run = own === 0 ? 0 : 1;
    }
  }
  add(pair, run);
  const common = new Float64Array(now.count + 1);
  const met = new Float64Array(now.count + 1);
  for (const [key, cells] of shared) {
    const k = Math.floor(key / stride);
    common[k]! += cells;
    met[k]! += then.sizes[key % stride]!;
  }
  return Array.from(common, (cells, k) => [cells, (now.sizes[k] ?? 0) + met[k]! - cells] as const);
}
