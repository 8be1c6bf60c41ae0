import { ARC, type Borders, chainOf, GONE, placeOf, type Traced } from './trace.ts';

/**
 * Straightens borders by up to `tolerance` pixels (Douglas and Peucker 1973, doi 10.3138/FM57-6770-U75U-7727). Every
 * border is straightened once for both of its sides, nodes stay where they are, and a shortcut is taken only where no
 * other corner lies between it and what it cuts off: so borders neither cross nor touch, neighbours keep a common
 * border, and rings stay simple. No point moves further than the tolerance: an area changes by at most the tolerance
 * times its perimeter.
 */
export function simplifyBorders({ borders }: Traced, tolerance: number): void {
  const chains = liveChains(borders);
  const index = newIndex(borders, chains);
  const pairs = new Map<string, number>();
  for (const { vertices, isLoop } of chains) {
    if (!isLoop) pairs.set(pairOf(borders, vertices), (pairs.get(pairOf(borders, vertices)) ?? 0) + 1);
  }
  for (const [chain, { vertices, isLoop }] of chains.entries()) {
    const last = vertices.length - 1;
    if (last < 2) continue;
    const cut: Cut = { borders, index, chain, vertices, tolerance, kept: new Uint8Array(vertices.length) };
    cut.kept[0] = 1;
    cut.kept[last] = 1;
    const [from, to] = [vertices[0]!, vertices[last]!];
    const isClosed = borders.x[from] === borders.x[to] && borders.y[from] === borders.y[to];
    if (isClosed) {
      // A ring needs three corners: the start, the one furthest from it, and the one furthest from the line between.
      const far = furthestFrom(cut, 0, last).at;
      const third = furthestFromLine(cut, far);
      const [a, b] = far < third ? [far, third] : [third, far];
      cut.kept[a] = 1;
      cut.kept[b] = 1;
      straighten(cut, 0, a);
      straighten(cut, a, b);
      straighten(cut, b, last);
    } else if (!isLoop && pairs.get(pairOf(borders, vertices))! > 1) {
      // Two borders between the same two nodes must not both become the line between them.
      const { at } = furthestFrom(cut, 0, last);
      cut.kept[at] = 1;
      straighten(cut, 0, at);
      straighten(cut, at, last);
    } else straighten(cut, 0, last);
    relink(borders, vertices, cut.kept, isLoop);
  }
}

/** A border from node to node, or once around with the first vertex again at the end. */
interface Chain {
  readonly vertices: readonly number[];
  readonly isLoop: boolean;
}

function liveChains(borders: Borders): Chain[] {
  const { sideVertex, sideKind, sideCount, mate, vertexCount } = borders;
  const seen = new Uint8Array(vertexCount);
  const chains: Chain[] = [];
  for (let side = 0; side < sideCount; side++) {
    const vertex = sideVertex[side]!;
    if (sideKind[side] === GONE || seen[vertex] === 1) continue;
    const isLoop = sideKind[side] !== ARC;
    const last = isLoop ? vertex : mate[vertex]!;
    seen[vertex] = 1;
    seen[last] = 1;
    chains.push({ vertices: chainOf(borders, vertex, last), isLoop });
  }
  return chains;
}

/** Names the two nodes of an arc. */
function pairOf(borders: Borders, vertices: readonly number[]): string {
  const [a, b] = [placeOf(borders, vertices[0]!) >> 2, placeOf(borders, vertices.at(-1)!) >> 2];
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}

/** One chain that is being straightened. */
interface Cut {
  readonly borders: Borders;
  readonly index: Index;
  readonly chain: number;
  readonly vertices: readonly number[];
  readonly tolerance: number;
  readonly kept: Uint8Array;
}

function straighten(cut: Cut, from: number, to: number): void {
  const open: [number, number][] = [[from, to]];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const [i, j] = range;
    if (j - i < 2) continue;
    const { at, distance } = furthestFrom(cut, i, j);
    if (distance <= cut.tolerance && isFree(cut, i, j)) continue;
    cut.kept[at] = 1;
    open.push([i, at], [at, j]);
  }
}

/** The vertex between two others of a chain that is furthest from the line between them (from the point, where they are one). */
function furthestFrom({ borders, vertices }: Cut, i: number, j: number): { at: number; distance: number } {
  const { x, y } = borders;
  const [x0, y0] = [x[vertices[i]!]!, y[vertices[i]!]!];
  const [dx, dy] = [x[vertices[j]!]! - x0, y[vertices[j]!]! - y0];
  const square = dx * dx + dy * dy;
  let [at, most] = [i + 1, -1];
  for (let k = i + 1; k < j; k++) {
    const [px, py] = [x[vertices[k]!]! - x0, y[vertices[k]!]! - y0];
    const along = square === 0 ? 0 : Math.max(0, Math.min(1, (px * dx + py * dy) / square));
    const [ex, ey] = [px - along * dx, py - along * dy];
    const squared = ex * ex + ey * ey;
    if (squared > most) [at, most] = [k, squared];
  }
  return { at, distance: Math.sqrt(most) };
}

/** The vertex of a closed chain furthest from the line through its first vertex and the vertex at `far`. */
function furthestFromLine({ borders, vertices }: Cut, far: number): number {
  const { x, y } = borders;
  const [x0, y0] = [x[vertices[0]!]!, y[vertices[0]!]!];
  const [dx, dy] = [x[vertices[far]!]! - x0, y[vertices[far]!]! - y0];
  let [at, most] = [1, -1];
  for (let k = 1; k + 1 < vertices.length; k++) {
    const away = Math.abs(dx * (y[vertices[k]!]! - y0) - dy * (x[vertices[k]!]! - x0));
    if (k !== far && away > most) [at, most] = [k, away];
  }
  return at;
}

/** Vertices of all borders by the cell they lie in. */
interface Index {
  readonly shift: number;
  readonly across: number;
  readonly down: number;
  readonly starts: Int32Array;
  readonly vertices: Int32Array;
  /** Chain of every vertex, and its place in it. */
  readonly chainOf: Int32Array;
  readonly placeIn: Int32Array;
}

const MOST_CELLS = 2 ** 22;

function newIndex({ x, y, vertexCount }: Borders, chains: readonly Chain[]): Index {
  let [right, bottom] = [0, 0];
  for (const { vertices } of chains) {
    for (const v of vertices) {
      right = Math.max(right, x[v]!);
      bottom = Math.max(bottom, y[v]!);
    }
  }
  let shift = 3;
  while (((right >> shift) + 1) * ((bottom >> shift) + 1) > MOST_CELLS) shift++;
  const [across, down] = [(right >> shift) + 1, (bottom >> shift) + 1];
  const cellOf = (v: number) => (y[v]! >> shift) * across + (x[v]! >> shift);
  const starts = new Int32Array(across * down + 1);
  const chainOf = new Int32Array(vertexCount).fill(-1);
  const placeIn = new Int32Array(vertexCount);
  const members = chains.map(({ vertices, isLoop }) => (isLoop ? vertices.slice(0, -1) : vertices));
  for (const [chain, vertices] of members.entries()) {
    for (const [place, v] of vertices.entries()) {
      starts[cellOf(v) + 1]! += 1;
      chainOf[v] = chain;
      placeIn[v] = place;
    }
  }
  for (let c = 1; c < starts.length; c++) starts[c]! += starts[c - 1]!;
  const vertices = new Int32Array(starts.at(-1)!);
  const next = starts.slice();
  for (const list of members) for (const v of list) vertices[next[cellOf(v)]!++] = v;
  return { shift, across, down, starts, vertices, chainOf, placeIn };
}

/** True when no other corner lies between the chain from i to j and the straight line, or on the line. */
function isFree(cut: Cut, i: number, j: number): boolean {
  const { borders, index, chain, vertices, tolerance } = cut;
  const { x, y } = borders;
  const [x0, y0] = [x[vertices[i]!]!, y[vertices[i]!]!];
  const [x1, y1] = [x[vertices[j]!]!, y[vertices[j]!]!];
  const [dx, dy] = [x1 - x0, y1 - y0];
  const reach = tolerance * Math.hypot(dx, dy);
  const cell = (value: number, count: number) =>
    Math.max(0, Math.min(count - 1, Math.floor(value) >> index.shift));
  const [left, right] = [
    cell(Math.min(x0, x1) - tolerance, index.across),
    cell(Math.max(x0, x1) + tolerance, index.across),
  ];
  const [top, bottom] = [
    cell(Math.min(y0, y1) - tolerance, index.down),
    cell(Math.max(y0, y1) + tolerance, index.down),
  ];
  for (let row = top; row <= bottom; row++) {
    const start = index.starts[row * index.across + left]!;
    const end = index.starts[row * index.across + right + 1]!;
    for (let k = start; k < end; k++) {
      const v = index.vertices[k]!;
      const [vx, vy] = [x[v]!, y[v]!];
      // What is cut off lies within the tolerance of the line.
      if (Math.abs(dx * (vy - y0) - dy * (vx - x0)) > reach) continue;
      if (index.chainOf[v] === chain && index.placeIn[v]! >= i && index.placeIn[v]! <= j) continue;
      if ((vx === x0 && vy === y0) || (vx === x1 && vy === y1)) continue;
      if (isBetween(cut, i, j, vx, vy)) return false;
    }
  }
  return true;
}

/** True when a point lies inside what the chain from i to j and the line back enclose, or on that line. */
function isBetween({ borders, vertices }: Cut, i: number, j: number, px: number, py: number): boolean {
  const { x, y } = borders;
  let turns = 0;
  for (let k = i; k <= j; k++) {
    const a = vertices[k]!;
    const b = vertices[k === j ? i : k + 1]!;
    const [ax, ay, bx, by] = [x[a]!, y[a]!, x[b]!, y[b]!];
    const side = (bx - ax) * (py - ay) - (by - ay) * (px - ax);
    if (
      side === 0 &&
      px >= Math.min(ax, bx) &&
      px <= Math.max(ax, bx) &&
      py >= Math.min(ay, by) &&
      py <= Math.max(ay, by)
    )
      return true;
    if (ay <= py && by > py && side > 0) turns += 1;
    else if (ay > py && by <= py && side < 0) turns -= 1;
  }
  return turns !== 0;
}

/** Takes the vertices out of a chain that are not kept. */
function relink(borders: Borders, vertices: readonly number[], kept: Uint8Array, isLoop: boolean): void {
  const { linkA, linkB } = borders;
  const left: number[] = [];
  for (let k = 0; k < vertices.length; k++) if (kept[k] === 1) left.push(vertices[k]!);
  for (let k = 1; k + 1 < left.length; k++) {
    linkA[left[k]!] = left[k - 1]!;
    linkB[left[k]!] = left[k + 1]!;
  }
  const [first, last] = [left[0]!, left.at(-1)!];
  linkA[first] = left[1]!;
  if (isLoop) linkB[first] = left.at(-2)!;
  else linkA[last] = left.at(-2)!;
}
