import type { HeituError } from '../core/error.ts';

/** Longest ring (SAFETY section 4). */
const MAX_VERTICES = 50_000;

type Refuse = (what: string) => HeituError;
type Position = number[];

/**
 * Proves the rings of one polygon: lists of at least three distinct finite positions, closed (an open ring is
 * closed, as most programs do), with area, and not crossing themselves or each other. Heights are dropped.
 * Throws what `refuse` makes of the reason, with ring and position.
 */
export function checkRings(rings: readonly unknown[], refuse: Refuse): (readonly Position[])[] {
  if (rings.length === 0) throw refuse('no rings');
  const checked = rings.map((ring, i) => checkRing(ring, (what) => refuse(`ring ${i}, ${what}`)));
  const crossing = findCrossing(checked);
  if (crossing !== null) {
    const { kind, x, y, ring, vertex } = crossing;
    const place = `${x.toFixed(7)}, ${y.toFixed(7)} (ring ${ring}, vertex ${vertex})`;
    throw refuse(
      kind === 'crossing' ? `edges cross at ${place}` : `too many edges on top of each other near ${place}`,
    );
  }
  return checked;
}

function checkRing(ring: unknown, refuse: Refuse): readonly Position[] {
  if (!Array.isArray(ring)) throw refuse('no list of positions');
  if (ring.length > MAX_VERTICES) throw refuse(`${ring.length} vertices, more than ${MAX_VERTICES}`);
  // There may be a million positions: rings that are as they should be are not copied.
  if (isRing(ring)) return ring as readonly Position[]; // each of them was looked at
  const positions: Position[] = [];
  let previous: Position | undefined;
  for (let i = 0; i < ring.length; i++) {
    const position: unknown = ring[i];
    if (!isPosition(position)) throw refuse(`vertex ${i} is no pair of finite numbers`);
    // A vertex given twice in a row is harmless and common.
    if (previous !== undefined && previous[0] === position[0] && previous[1] === position[1]) continue;
    previous = [position[0], position[1]];
    positions.push(previous);
  }
  const [first, last] = [positions[0], positions.at(-1)];
  if (first === undefined || last === undefined || positions.length < 3)
    throw refuse('fewer than three positions');
  if (first[0] !== last[0] || first[1] !== last[1]) positions.push([first[0]!, first[1]!]);
  if (positions.length < 4) throw refuse('fewer than three positions');
  return positions;
}

function isPosition(value: unknown): value is [number, number, ...unknown[]] {
  return Array.isArray(value) && Number.isFinite(value[0]) && Number.isFinite(value[1]);
}

/** True for three pairs or more and the first again, no two in a row the same. */
function isRing(ring: readonly unknown[]): boolean {
  const n = ring.length;
  if (n < 4) return false;
  let [x, y] = [Number.NaN, Number.NaN];
  for (let i = 0; i < n; i++) {
    const position = ring[i];
    if (!isPosition(position) || position.length !== 2 || (position[0] === x && position[1] === y))
      return false;
    x = position[0];
    y = position[1];
  }
  // Every one of them was a position.
  const [first] = ring as readonly Position[];
  return first![0] === x && first![1] === y;
}

interface Crossing {
  /** A tangle is given up on: whether edges cross in it is not known. */
  readonly kind: 'crossing' | 'tangle';
  readonly x: number;
  readonly y: number;
  readonly ring: number;
  readonly vertex: number;
}

/** Edges of some rings, one entry each. */
interface Edges {
  readonly count: number;
  readonly x0: Float64Array;
  readonly y0: Float64Array;
  readonly x1: Float64Array;
  readonly y1: Float64Array;
  readonly ring: Uint32Array;
  readonly vertex: Uint32Array;
}

/** Edges compared pair by pair once a box holds no more than this. */
const LEAF = 12;

/** Most pairs looked at; a shape that needs more has thousands of edges on top of each other. */
const MAX_PAIRS = 20_000_000;

/** Rounding moves a vertex that is meant to touch an edge by this much of its coordinates at most (a millimetre). */
const TOUCH = 1e-10;

/**
 * A place where two edges pass through each other, or null. Touching, in a vertex or along an edge, is no crossing.
 * Boxes are halved until they hold few edges: n log n for shapes that exist, and bounded for any other.
 */
export function findCrossing(rings: readonly (readonly Position[])[]): Crossing | null {
  const edges = edgesOf(rings);
  let scale = 0;
  for (let i = 0; i < edges.count; i++)
    scale = Math.max(scale, Math.abs(edges.x0[i]!), Math.abs(edges.y0[i]!));
  const search: Search = { edges, tolerance: scale * TOUCH, pairs: 0 };
  return searchBox(search, room.all.subarray(0, edges.count), 0) ?? searchVertices(edges);
}

interface Search {
  readonly edges: Edges;
  readonly tolerance: number;
  pairs: number;
}

/** Room for the edges of one shape after the other: most have a dozen, and memory costs more than looking at them. */
let room = roomFor(256);

function roomFor(count: number) {
  const doubles = () => new Float64Array(count);
  const indices = () => new Uint32Array(count);
  return {
    count,
    x0: doubles(),
    y0: doubles(),
    x1: doubles(),
    y1: doubles(),
    ring: indices(),
    vertex: indices(),
    all: Uint32Array.from({ length: count }, (_, i) => i),
  };
}

function edgesOf(rings: readonly (readonly Position[])[]): Edges {
  const n = rings.reduce((sum, ring) => sum + ring.length - 1, 0);
  if (n > room.count) room = roomFor(2 * n);
  const { x0, y0, x1, y1, ring, vertex } = room;
  let at = 0;
  for (let r = 0; r < rings.length; r++) {
    const positions = rings[r]!;
    for (let v = 0; v + 1 < positions.length; v++, at++) {
      const [from, to] = [positions[v]!, positions[v + 1]!];
      x0[at] = from[0]!;
      y0[at] = from[1]!;
      x1[at] = to[0]!;
      y1[at] = to[1]!;
      ring[at] = r;
      vertex[at] = v;
    }
  }
  return { count: n, x0, y0, x1, y1, ring, vertex };
}

function searchBox(search: Search, members: Uint32Array, depth: number): Crossing | null {
  if (members.length <= LEAF) return comparePairs(search, members);
  const { x0, y0, x1, y1 } = search.edges;
  const isWide = spread(members, x0, x1) >= spread(members, y0, y1);
  const [a, b] = isWide ? [x0, x1] : [y0, y1];
  const middles = Float64Array.from(members, (i) => a[i]! + b[i]!).sort();
  const cut = middles[middles.length >> 1]! / 2;
  const below = members.filter((i) => Math.min(a[i]!, b[i]!) <= cut);
  const above = members.filter((i) => Math.max(a[i]!, b[i]!) >= cut);
  // Edges that all lie across the cut are not parted by cutting again.
  if (depth > 40 || below.length + above.length > 1.5 * members.length) return comparePairs(search, members);
  return searchBox(search, below, depth + 1) ?? searchBox(search, above, depth + 1);
}

function spread(members: Uint32Array, a: Float64Array, b: Float64Array): number {
  let [min, max] = [Infinity, -Infinity];
  for (const i of members) {
    const middle = a[i]! + b[i]!;
    min = Math.min(min, middle);
    max = Math.max(max, middle);
  }
  return max - min;
}

function comparePairs(search: Search, members: Uint32Array): Crossing | null {
  const { edges } = search;
  const { x0, y0, x1, y1 } = edges;
  search.pairs += (members.length * members.length) / 2;
  if (search.pairs > MAX_PAIRS) return { ...placeOf(edges, members[0]!), kind: 'tangle' };
  for (let m = 0; m < members.length; m++) {
    const i = members[m]!;
    const [left, right] = [Math.min(x0[i]!, x1[i]!), Math.max(x0[i]!, x1[i]!)];
    const [bottom, top] = [Math.min(y0[i]!, y1[i]!), Math.max(y0[i]!, y1[i]!)];
    for (let n = m + 1; n < members.length; n++) {
      const j = members[n]!;
      // Most edges are nowhere near each other.
      if ((x0[j]! < left && x1[j]! < left) || (x0[j]! > right && x1[j]! > right)) continue;
      if ((y0[j]! < bottom && y1[j]! < bottom) || (y0[j]! > top && y1[j]! > top)) continue;
      if (isCrossing(search, members[m]!, members[n]!)) return crossingOf(edges, members[m]!, members[n]!);
    }
  }
  return null;
}

/** Twice the area of the triangle from edge i to a point: its sign is the side, its size over the length the distance. */
function side({ x0, y0, x1, y1 }: Edges, i: number, x: number, y: number): number {
  return (x1[i]! - x0[i]!) * (y - y0[i]!) - (y1[i]! - y0[i]!) * (x - x0[i]!);
}

function isCrossing({ edges, tolerance }: Search, i: number, j: number): boolean {
  const { x0, y0, x1, y1 } = edges;
  const reachI = tolerance * Math.hypot(x1[i]! - x0[i]!, y1[i]! - y0[i]!);
  const [p, q] = [side(edges, i, x0[j]!, y0[j]!), side(edges, i, x1[j]!, y1[j]!)];
  if (Math.abs(p) <= reachI || Math.abs(q) <= reachI || p > 0 === q > 0) return false;
  const reachJ = tolerance * Math.hypot(x1[j]! - x0[j]!, y1[j]! - y0[j]!);
  const [r, s] = [side(edges, j, x0[i]!, y0[i]!), side(edges, j, x1[i]!, y1[i]!)];
  return Math.abs(r) > reachJ && Math.abs(s) > reachJ && r > 0 !== s > 0;
}

function crossingOf(edges: Edges, i: number, j: number): Crossing {
  const from = side(edges, j, edges.x0[i]!, edges.y0[i]!);
  const share = from / (from - side(edges, j, edges.x1[i]!, edges.y1[i]!));
  const x = edges.x0[i]! + share * (edges.x1[i]! - edges.x0[i]!);
  const y = edges.y0[i]! + share * (edges.y1[i]! - edges.y0[i]!);
  return { ...placeOf(edges, i), x, y };
}

function placeOf({ x0, y0, ring, vertex }: Edges, i: number): Crossing {
  return { kind: 'crossing', x: x0[i]!, y: y0[i]!, ring: ring[i]!, vertex: vertex[i]! };
}

/** Rings that meet in a common vertex may touch there, but not change sides: the four edges must not alternate around it. */
function searchVertices(edges: Edges): Crossing | null {
  const { count, x0, y0, ring } = edges;
  if (hasOneVisitEach(edges)) return null;
  const visits = new Map<string, number[]>();
  for (let i = 0; i < count; i++) {
    const key = `${x0[i]} ${y0[i]}`;
    const known = visits.get(key);
    if (known === undefined) visits.set(key, [i]);
    else known.push(i);
  }
  const before = previousEdges(ring.subarray(0, count));
  for (const outgoing of visits.values()) {
    if (outgoing.length < 2 || outgoing.length > 64) continue;
    for (let m = 0; m < outgoing.length; m++) {
      for (let n = m + 1; n < outgoing.length; n++) {
        const [i, j] = [outgoing[m]!, outgoing[n]!];
        if (isAlternating(edges, [before[i]!, i], [before[j]!, j])) return placeOf(edges, i);
      }
    }
  }
  return null;
}

/** Vertices compared one by one up to this many; a map of them costs more than that. */
const FEW = 64;

/** True when it is quickly seen that no vertex is met twice, as in nearly every shape there is. */
function hasOneVisitEach({ count, x0, y0 }: Edges): boolean {
  if (count > FEW) return false;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) if (x0[i] === x0[j] && y0[i] === y0[j]) return false;
  }
  return true;
}

/** The edge that ends where each edge starts. */
function previousEdges(ring: Uint32Array): Uint32Array {
  const before = new Uint32Array(ring.length);
  let start = 0;
  for (let i = 0; i < ring.length; i++) {
    if (i > 0 && ring[i] !== ring[i - 1]) start = i;
    before[i] = i - 1;
    const isLast = i + 1 === ring.length || ring[i + 1] !== ring[i];
    if (isLast) before[start] = i;
  }
  return before;
}

function isAlternating(
  { x0, y0, x1, y1 }: Edges,
  first: readonly [number, number],
  second: readonly [number, number],
): boolean {
  const back = (i: number) => Math.atan2(y0[i]! - y1[i]!, x0[i]! - x1[i]!);
  const ahead = (i: number) => Math.atan2(y1[i]! - y0[i]!, x1[i]! - x0[i]!);
  const [a, b] = [back(first[0]), ahead(first[1])].sort((p, q) => p - q) as [number, number];
  const [c, d] = [back(second[0]), ahead(second[1])];
  const isStrict = (angle: number) => Math.abs(angle - a) > 1e-9 && Math.abs(angle - b) > 1e-9;
  const isBetween = (angle: number) => angle > a && angle < b;
  return isStrict(c) && isStrict(d) && isBetween(c) !== isBetween(d);
}
