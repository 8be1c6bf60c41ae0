/**
 * Borders of the connected areas of a class raster, row by row. What is kept is what is open: one row of runs, the
 * borders of areas that may still grow, and nothing of those that are done.
 *
 * Corners of pixels have whole coordinates, x to the right and y down. A border edge is a side of a pixel whose two
 * sides differ in class. Where two of them meet the border goes on (an _arc_); where three or four meet is a _node_,
 * and arcs end. An arc is kept once for the two areas beside it.
 */

/** No class: outside the raster, and nodata. */
const NONE = 0x7fffffff;

/** Directions, clockwise. */
const N = 0;
const E = 1;
const S = 2;
const W = 3;

/** One connected area. */
export interface TracedArea {
  readonly value: number;
  readonly pixels: number;
  /**
   * Connected by edges, each an outer ring and its holes; more than one only where pixels are connected by corners.
   * Rings are closed, x and y in turn, with the area on their right (y down): outer rings run clockwise on the image.
   */
  readonly parts: readonly (readonly Int32Array[])[];
}

export interface TraceOptions {
  readonly width: number;
  /** Pixels that are no class; null when all are. */
  readonly nodata: number | null;
  /** Whether pixels that share a corner only are connected. */
  readonly connectivity: 4 | 8;
  /** Receives every area when no later pixel can belong to it: in the order of the rows they end in, left to right. */
  readonly onArea: (area: TracedArea) => void;
  /**
   * What is to be done with all areas and borders before any is told. Then everything is kept to the end: some
   * 20 bytes a vertex.
   */
  readonly settle?: (traced: Traced) => void;
}

/** All there is of a raster: its areas and the borders between them. */
export interface Traced {
  readonly areas: Areas;
  readonly borders: Borders;
}

export interface Tracer {
  /** Adds rows of pixels; how many at a time makes no difference. */
  readonly addRows: (data: ArrayLike<number>, rows: number) => void;
  /** Ends the raster. */
  readonly finish: () => void;
}

/** Rows of equal neighbours: run i covers columns starts[i] to starts[i + 1] (exclusive). */
interface Runs {
  count: number;
  starts: Int32Array;
  values: Int32Array;
  labels: Int32Array;
}

function newRuns(width: number): Runs {
  const runs = {
    count: 1,
    starts: new Int32Array(width + 2),
    values: new Int32Array(width + 1),
    labels: new Int32Array(width + 1),
  };
  runs.starts[1] = width;
  runs.values[0] = NONE;
  runs.labels[0] = -1;
  return runs;
}

/** Starts tracing a raster from its first row. */
export function newTracer(options: TraceOptions): Tracer {
  const { width, settle } = options;
  const areas = newAreas();
  const borders = newBorders(width);
  let above = newRuns(width);
  let here = newRuns(width);
  let [y, repeats] = [0, 0];
  const turn = () => {
    countRuns(areas, above, repeats);
    labelRuns(areas, borders, above, here, y, options.connectivity);
    scanCorners(areas, borders, above, here, y);
    if (settle === undefined) closeAreas(areas, borders, above, y, options.onArea);
    [above, here] = [here, above];
    repeats = 1;
  };
  return {
    addRows: (data, rows) => {
      for (let row = 0; row < rows; row++, y++) {
        findRuns(here, data, row * width, width, options.nodata);
        // Most rows of most rasters say nothing new.
        if (isSame(above, here)) repeats += 1;
        else turn();
      }
    },
    finish: () => {
      here.count = 1;
      here.starts[1] = width;
      here.values[0] = NONE;
      turn();
      if (settle === undefined) return;
      settle({ areas, borders });
      for (let label = 0; label < areas.count; label++) {
        if (areas.area[label] === label) options.onArea(areaAt(areas, borders, label));
      }
    },
  };
}

function findRuns(
  runs: Runs,
  data: ArrayLike<number>,
  from: number,
  width: number,
  nodata: number | null,
): void {
  const { starts, values } = runs;
  const fours = data instanceof Uint8Array ? foursOf(data) : null;
  const end = from + width;
  let value = data[from]!;
  let n = 0;
  for (let i = from + 1; i < end; i++) {
    if (fours !== null && (i & 3) === 0) {
      // Most pixels are like the one before them: four at a time.
      const alike = Math.imul(value, 0x01010101);
      while (i + 4 <= end && fours[i >> 2] === alike) i += 4;
      if (i === end) break;
    }
    const next = data[i]!;
    if (next === value) continue;
    values[n++] = value;
    starts[n] = i - from;
    value = next;
  }
  values[n++] = value;
  starts[n] = width;
  runs.count = n;
  if (nodata !== null) for (let i = 0; i < n; i++) if (values[i] === nodata) values[i] = NONE;
}

/** The same bytes four at a time; null where they do not start on a whole number of fours. */
function foursOf(data: Uint8Array): Int32Array | null {
  return data.byteOffset % 4 === 0 ? new Int32Array(data.buffer, data.byteOffset, data.length >> 2) : null;
}

function isSame(a: Runs, b: Runs): boolean {
  if (a.count !== b.count) return false;
  for (let i = 0; i < a.count; i++)
    if (a.starts[i] !== b.starts[i] || a.values[i] !== b.values[i]) return false;
  return true;
}

/**
 * Labels of pixels. `part` joins labels that are connected by edges, `area` those connected at all: both are forests
 * in which a root stands for its tree, and all else is kept at the root of an area.
 */
export interface Areas {
  part: Int32Array;
  area: Int32Array;
  value: Int32Array;
  pixels: Float64Array;
  /** Last row an area was seen in. */
  seen: Int32Array;
  /** Sides of borders that belong to an area: first and last of a list. */
  firstSide: Int32Array;
  lastSide: Int32Array;
  /** All labels of an area, to be used again: the next one, and the last. */
  nextLabel: Int32Array;
  lastLabel: Int32Array;
  count: number;
  readonly free: number[];
}

const AREA_LISTS = [
  'part',
  'area',
  'value',
  'seen',
  'firstSide',
  'lastSide',
  'nextLabel',
  'lastLabel',
] as const;

function newAreas(): Areas {
  const ints = () => new Int32Array(1024);
  return {
    part: ints(),
    area: ints(),
    value: ints(),
    pixels: new Float64Array(1024),
    seen: ints(),
    firstSide: ints(),
    lastSide: ints(),
    nextLabel: ints(),
    lastLabel: ints(),
    count: 0,
    free: [],
  };
}

function newLabel(areas: Areas, value: number): number {
  const label = areas.free.pop() ?? areas.count++;
  if (label === areas.area.length) {
    for (const name of AREA_LISTS) areas[name] = doubled(areas[name]);
    const pixels = new Float64Array(2 * label);
    pixels.set(areas.pixels);
    areas.pixels = pixels;
  }
  areas.part[label] = label;
  areas.area[label] = label;
  areas.value[label] = value;
  areas.pixels[label] = 0;
  areas.seen[label] = -1;
  areas.firstSide[label] = -1;
  areas.nextLabel[label] = -1;
  areas.lastLabel[label] = label;
  return label;
}

function doubled(array: Int32Array): Int32Array {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}

export function find(parent: Int32Array, label: number): number {
  let at = label;
  while (parent[at] !== at) {
    const up = parent[parent[at]!]!;
    parent[at] = up;
    at = up;
  }
  return at;
}

export function joinParts(areas: Areas, borders: Borders, a: number, b: number): void {
  const [p, q] = [find(areas.part, a), find(areas.part, b)];
  if (p === q) return;
  if (p < q) areas.part[q] = p;
  else areas.part[p] = q;
  joinAreas(areas, borders, p, q);
}

export function joinAreas(areas: Areas, { nextSide }: Borders, a: number, b: number): void {
  const [p, q] = [find(areas.area, a), find(areas.area, b)];
  if (p === q) return;
  const [root, child] = p < q ? [p, q] : [q, p];
  areas.area[child] = root;
  areas.pixels[root]! += areas.pixels[child]!;
  areas.seen[root] = Math.max(areas.seen[root]!, areas.seen[child]!);
  areas.nextLabel[areas.lastLabel[root]!] = child;
  areas.lastLabel[root] = areas.lastLabel[child]!;
  if (areas.firstSide[child]! < 0) return;
  if (areas.firstSide[root]! < 0) areas.firstSide[root] = areas.firstSide[child]!;
  else nextSide[areas.lastSide[root]!] = areas.firstSide[child]!;
  areas.lastSide[root] = areas.lastSide[child]!;
}

function countRuns(areas: Areas, { count, starts, labels }: Runs, rows: number): void {
  for (let i = 0; i < count; i++) {
    if (labels[i]! < 0) continue;
    areas.pixels[find(areas.area, labels[i]!)]! += (starts[i + 1]! - starts[i]!) * rows;
  }
}

/** Gives every run of a row its label: that of the runs of its class it touches above, or a new one. */
function labelRuns(
  areas: Areas,
  borders: Borders,
  above: Runs,
  here: Runs,
  y: number,
  connectivity: 4 | 8,
): void {
  let j = 0;
  for (let i = 0; i < here.count; i++) {
    const value = here.values[i]!;
    here.labels[i] = -1;
    const [from, to] = [here.starts[i]!, here.starts[i + 1]!];
    while (above.starts[j + 1]! < from) j++;
    if (value === NONE) continue;
    let label = -1;
    let k = j;
    // The first one may end where this one starts, and one more may start where this one ends: corners.
    for (; k < above.count && above.starts[k]! < to; k++) {
      if (above.values[k] !== value || above.starts[k + 1]! === from) continue;
      if (label < 0) label = find(areas.part, above.labels[k]!);
      else joinParts(areas, borders, label, above.labels[k]!);
    }
    if (label < 0) label = newLabel(areas, value);
    if (connectivity === 8) {
      if (above.starts[j + 1] === from && above.values[j] === value)
        joinAreas(areas, borders, label, above.labels[j]!);
      if (k < above.count && above.starts[k] === to && above.values[k] === value)
        joinAreas(areas, borders, label, above.labels[k]!);
    }
    here.labels[i] = label;
    areas.seen[find(areas.area, label)] = y;
  }
}

/**
 * Vertices of borders, linked both ways without order, so that two ends can be joined at any time. Each end of an open
 * chain knows the other end (`mate`). A vertex at a node ends its chain; its second link is −2 − (4 · node + direction).
 * A _side_ is what one area sees of an arc, starting from such an end vertex, or of a closed chain.
 */
export interface Borders {
  /** End of the chain that comes down at every column, and so crosses the present row. */
  readonly down: Int32Array;
  x: Int32Array;
  y: Int32Array;
  linkA: Int32Array;
  linkB: Int32Array;
  mate: Int32Array;
  /** Sides of the chain that are still to be told: counted at either end of an arc for itself, at one vertex of a loop for both. */
  todo: Uint8Array;
  vertexCount: number;
  readonly freeVertices: number[];
  /** Four end vertices a node, by direction; −1 where there is no edge. */
  ends: Int32Array;
  nodeCount: number;
  readonly freeNodes: number[];
  /** Visits of the ring that is being walked, by node. */
  visit: Int32Array;
  sideVertex: Int32Array;
  /** Label of the pixel on the right of a side's first edge. */
  sideLabel: Int32Array;
  sideKind: Uint8Array;
  nextSide: Int32Array;
  sideCount: number;
  readonly freeSides: number[];
}

/** Kinds of sides: of an arc, of a loop seen from inside or from outside, and of what is no border any more. */
export const ARC = 0;
export const LOOP_AROUND = 1;
export const LOOP_WITHIN = 2;
export const GONE = 3;

const VERTEX_LISTS = ['x', 'y', 'linkA', 'linkB', 'mate'] as const;
const SIDE_LISTS = ['sideVertex', 'sideLabel', 'nextSide'] as const;

function newBorders(width: number): Borders {
  const ints = () => new Int32Array(4096);
  return {
    down: new Int32Array(width + 1).fill(-1),
    x: ints(),
    y: ints(),
    linkA: ints(),
    linkB: ints(),
    mate: ints(),
    todo: new Uint8Array(4096),
    vertexCount: 0,
    freeVertices: [],
    ends: ints(),
    nodeCount: 0,
    freeNodes: [],
    visit: new Int32Array(1024),
    sideVertex: ints(),
    sideLabel: ints(),
    sideKind: new Uint8Array(4096),
    nextSide: ints(),
    sideCount: 0,
    freeSides: [],
  };
}

function newVertex(borders: Borders, x: number, y: number): number {
  const vertex = borders.freeVertices.pop() ?? borders.vertexCount++;
  if (vertex === borders.x.length) {
    for (const name of VERTEX_LISTS) borders[name] = doubled(borders[name]);
    borders.todo = doubledBytes(borders.todo);
  }
  borders.x[vertex] = x;
  borders.y[vertex] = y;
  borders.linkA[vertex] = -1;
  borders.linkB[vertex] = -1;
  borders.mate[vertex] = vertex;
  borders.todo[vertex] = 0;
  return vertex;
}

function doubledBytes(array: Uint8Array): Uint8Array {
  const larger = new Uint8Array(2 * array.length);
  larger.set(array);
  return larger;
}

function addSide(areas: Areas, borders: Borders, label: number, vertex: number, kind: number): void {
  if (label < 0) return;
  const side = borders.freeSides.pop() ?? borders.sideCount++;
  if (side === borders.sideVertex.length) {
    for (const name of SIDE_LISTS) borders[name] = doubled(borders[name]);
    borders.sideKind = doubledBytes(borders.sideKind);
  }
  borders.sideVertex[side] = vertex;
  borders.sideLabel[side] = label;
  borders.sideKind[side] = kind;
  borders.nextSide[side] = -1;
  borders.todo[vertex]! += 1;
  const area = find(areas.area, label);
  if (areas.firstSide[area]! < 0) areas.firstSide[area] = side;
  else borders.nextSide[areas.lastSide[area]!] = side;
  areas.lastSide[area] = side;
}

function link(borders: Borders, a: number, b: number): void {
  if (borders.linkA[a] === -1) borders.linkA[a] = b;
  else borders.linkB[a] = b;
  if (borders.linkA[b] === -1) borders.linkA[b] = a;
  else borders.linkB[b] = a;
}

/** Makes `vertex`, which is new, the end of the chain that ended in `end`. */
function extend(borders: Borders, end: number, vertex: number): void {
  const other = borders.mate[end]!;
  link(borders, end, vertex);
  borders.mate[vertex] = other;
  borders.mate[other] = vertex;
}

/** Goes along the corners between two rows, from left to right, where either changes class. */
function scanCorners(areas: Areas, borders: Borders, above: Runs, here: Runs, y: number): void {
  const { down } = borders;
  const width = down.length - 1;
  let [i, j] = [-1, -1];
  let [nw, sw, nwLabel, swLabel] = [NONE, NONE, -1, -1];
  let across = -1;
  for (let x = 0; ; ) {
    const stepsAbove = above.starts[i + 1] === x;
    const stepsHere = here.starts[j + 1] === x;
    if (stepsAbove) i++;
    if (stepsHere) j++;
    const isEnd = x === width;
    const ne = isEnd ? NONE : above.values[i]!;
    const se = isEnd ? NONE : here.values[j]!;
    const neLabel = isEnd ? -1 : above.labels[i]!;
    const seLabel = isEnd ? -1 : here.labels[j]!;
    const code = (nw !== ne ? 1 : 0) | (ne !== se ? 2 : 0) | (se !== sw ? 4 : 0) | (sw !== nw ? 8 : 0);
    switch (code) {
      case 0:
      case 1 | 4:
      case 2 | 8:
        break;
      case 1 | 2: {
        const vertex = newVertex(borders, x, y);
        extend(borders, down[x]!, vertex);
        across = vertex;
        break;
      }
      case 4 | 8: {
        const vertex = newVertex(borders, x, y);
        extend(borders, across, vertex);
        down[x] = vertex;
        break;
      }
      case 2 | 4: {
        const vertex = newVertex(borders, x, y);
        down[x] = vertex;
        across = vertex;
        break;
      }
      case 1 | 8: {
        const vertex = newVertex(borders, x, y);
        const [a, b] = [down[x]!, across];
        const [mateA, mateB] = [borders.mate[a]!, borders.mate[b]!];
        link(borders, vertex, a);
        link(borders, vertex, b);
        if (mateA === b) {
          // A chain that closes on itself does so at its last corner, whose pixel above on the left is inside.
          addSide(areas, borders, nwLabel, vertex, LOOP_AROUND);
          addSide(areas, borders, seLabel, vertex, LOOP_WITHIN);
        } else {
          borders.mate[mateA] = mateB;
          borders.mate[mateB] = mateA;
        }
        break;
      }
      default: {
        const node = newNode(borders);
        if (code & 1) {
          const end = newEnd(areas, borders, x, y, node, N, neLabel);
          extend(borders, down[x]!, end);
        }
        if (code & 8) {
          const end = newEnd(areas, borders, x, y, node, W, nwLabel);
          extend(borders, across, end);
        }
        if (code & 4) down[x] = newEnd(areas, borders, x, y, node, S, swLabel);
        if (code & 2) across = newEnd(areas, borders, x, y, node, E, seLabel);
      }
    }
    if (isEnd) return;
    [nw, sw, nwLabel, swLabel] = [ne, se, neLabel, seLabel];
    x = Math.min(above.starts[i + 1]!, here.starts[j + 1]!);
  }
}

function newNode(borders: Borders): number {
  const node = borders.freeNodes.pop() ?? borders.nodeCount++;
  if (4 * node === borders.ends.length) borders.ends = doubled(borders.ends);
  if (node === borders.visit.length) borders.visit = doubled(borders.visit);
  borders.ends.fill(-1, 4 * node, 4 * node + 4);
  borders.visit[node] = 0;
  return node;
}

/** A vertex that ends a chain at a node; `label` is of the pixel on the right as one leaves the node there. */
function newEnd(
  areas: Areas,
  borders: Borders,
  x: number,
  y: number,
  node: number,
  direction: number,
  label: number,
): number {
  const vertex = newVertex(borders, x, y);
  borders.linkB[vertex] = -2 - (4 * node + direction);
  borders.ends[4 * node + direction] = vertex;
  addSide(areas, borders, label, vertex, ARC);
  return vertex;
}

/** Row of areas that have been told. */
const CLOSED = 0x7fffffff;

/** Tells the areas that end with the row above, which have no pixel in the row that starts at `y`, and forgets them. */
function closeAreas(
  areas: Areas,
  borders: Borders,
  above: Runs,
  y: number,
  onArea: (area: TracedArea) => void,
): void {
  const closed: number[] = [];
  for (let i = 0; i < above.count; i++) {
    if (above.labels[i]! < 0) continue;
    const area = find(areas.area, above.labels[i]!);
    if (areas.seen[area]! >= y) continue;
    areas.seen[area] = CLOSED;
    closed.push(area);
    onArea(areaAt(areas, borders, area));
    forgetBorders(areas, borders, area);
  }
  for (const area of closed) {
    for (let label = area; label >= 0; label = areas.nextLabel[label]!) areas.free.push(label);
  }
}

function areaAt(areas: Areas, borders: Borders, area: number): TracedArea {
  return {
    value: areas.value[area]!,
    pixels: areas.pixels[area]!,
    parts: partsOf(areas, borders, area),
  };
}

/** The rings of an area, by the parts of it that are connected by edges, each part with its outer ring first. */
function partsOf(areas: Areas, borders: Borders, area: number): Int32Array[][] {
  const parts = new Map<number, Int32Array[]>();
  const keep = (label: number, ring: Int32Array, isOuter: boolean) => {
    const part = find(areas.part, label);
    const rings = parts.get(part);
    if (rings === undefined) parts.set(part, [ring]);
    else if (isOuter) rings.unshift(ring);
    else rings.push(ring);
  };
  for (let side = areas.firstSide[area]!; side >= 0; side = borders.nextSide[side]!) {
    const vertex = borders.sideVertex[side]!;
    const label = borders.sideLabel[side]!;
    if (borders.sideKind[side] === GONE) continue;
    if (borders.sideKind[side] !== ARC) {
      const isOuter = borders.sideKind[side] === LOOP_AROUND;
      keep(label, loopRing(borders, vertex, isOuter), isOuter);
      borders.todo[vertex]! -= 1;
    } else if (borders.todo[vertex]! > 0) {
      walkRing(borders, vertex, (ring) => keep(label, ring, signedArea(ring) > 0));
    }
  }
  return [...parts.values()];
}

/** Square pixels, positive when the ring runs clockwise on the image (y down). */
export function signedArea(ring: ArrayLike<number>): number {
  let twice = 0;
  for (let i = 0; i + 3 < ring.length; i += 2) twice += ring[i]! * ring[i + 3]! - ring[i + 2]! * ring[i + 1]!;
  return twice / 2;
}

/** Corners on the way around, x and y in turn; one ring after the other is walked in it. */
let path: Int32Array = new Int32Array(1 << 12);

function addCorner(at: number, x: number, y: number): number {
  if (at === path.length) path = doubled(path);
  path[at] = x;
  path[at + 1] = y;
  return at + 2;
}

/** Rings lie one behind the other in pieces of memory: most have a dozen corners, and memory of their own costs more. */
let rings = new Int32Array(1 << 15);
let ringsEnd = 0;

/** A ring of the corners `from` to `to` (exclusive) of the path, or of those in the other direction. */
function ringOf(from: number, to: number, turned: boolean): Int32Array {
  const length = to - from;
  if (ringsEnd + length > rings.length) {
    rings = new Int32Array(Math.max(1 << 15, length));
    ringsEnd = 0;
  }
  const ring = rings.subarray(ringsEnd, ringsEnd + length);
  ringsEnd += length;
  if (turned) {
    for (let i = 0; i < length; i += 2) {
      ring[i] = path[to - 2 - i]!;
      ring[i + 1] = path[to - 1 - i]!;
    }
  } else for (let i = 0; i < length; i++) ring[i] = path[from + i]!;
  return ring;
}

/** A chain that closes on itself, clockwise or not. */
function loopRing(borders: Borders, vertex: number, clockwise: boolean): Int32Array {
  const { x, y, linkA, linkB } = borders;
  let end = addCorner(0, x[vertex]!, y[vertex]!);
  let [before, at] = [vertex, linkA[vertex]!];
  let twice = 0;
  while (at !== vertex) {
    twice += path[end - 2]! * y[at]! - x[at]! * path[end - 1]!;
    end = addCorner(end, x[at]!, y[at]!);
    const next = linkA[at] === before ? linkB[at]! : linkA[at]!;
    before = at;
    at = next;
  }
  twice += path[end - 2]! * y[vertex]! - x[vertex]! * path[end - 1]!;
  end = addCorner(end, x[vertex]!, y[vertex]!);
  return ringOf(0, end, twice > 0 !== clockwise);
}

/**
 * Walks the border of an area from the end `first`, the area on the right, and hands over simple rings: at a node that
 * is met again, where the area touches itself with a corner, what was walked since is a ring of its own.
 */
function walkRing(borders: Borders, first: number, onRing: (ring: Int32Array) => void): void {
  const { x, y, linkA, linkB, mate, todo, ends, visit } = borders;
  const nodes: number[] = [];
  let length = 0;
  let end = first;
  do {
    const node = (-2 - linkB[end]!) >> 2;
    const since = visit[node]! - 1;
    if (since >= 0) {
      length = addCorner(length, path[since]!, path[since + 1]!);
      onRing(ringOf(since, length, false));
      length = since + 2;
      // Nodes of the ring that was cut off may be met again.
      while (nodes.at(-1) !== node) visit[nodes.pop()!] = 0;
    } else {
      visit[node] = length + 1;
      nodes.push(node);
      length = addCorner(length, x[end]!, y[end]!);
    }
    todo[end] = 0;
    const last = mate[end]!;
    let [before, at] = [end, linkA[end]!];
    while (at !== last) {
      length = addCorner(length, x[at]!, y[at]!);
      const next = linkA[at] === before ? linkB[at]! : linkA[at]!;
      [before, at] = [at, next];
    }
    // The next edge of the area is the first one to the left of where we came from, seen from the node.
    const arrived = -2 - linkB[last]!;
    let direction = arrived & 3;
    do {
      direction = (direction + 3) & 3;
      end = ends[(arrived & ~3) + direction]!;
    } while (end < 0);
  } while (end !== first);
  length = addCorner(length, path[0]!, path[1]!);
  onRing(ringOf(0, length, false));
  for (const node of nodes) visit[node] = 0;
}

/** Corners on the way from one end of an arc to the other, or once around a loop, both ends included. */
export function chainOf({ linkA, linkB }: Borders, first: number, last: number): number[] {
  const chain = [first];
  let [before, at] = [first, linkA[first]!];
  while (at !== last) {
    chain.push(at);
    const next = linkA[at] === before ? linkB[at]! : linkA[at]!;
    [before, at] = [at, next];
  }
  chain.push(last);
  return chain;
}

/** The place of an end vertex: four times its node, plus its direction. */
export function placeOf({ linkB }: Borders, end: number): number {
  return -2 - linkB[end]!;
}

/** Gives back the sides of an area that was told, and the chains whose other side is told as well. */
function forgetBorders(areas: Areas, borders: Borders, area: number): void {
  const { sideVertex, sideKind, nextSide, freeSides, freeVertices, freeNodes } = borders;
  const { linkA, linkB, mate, todo, ends } = borders;
  for (let side = areas.firstSide[area]!; side >= 0; ) {
    const vertex = sideVertex[side]!;
    const isArc = sideKind[side] === ARC;
    const next = nextSide[side]!;
    freeSides.push(side);
    side = next;
    const last = isArc ? mate[vertex]! : vertex;
    if (todo[vertex]! > 0 || todo[last]! > 0) continue;
    let [before, at] = [vertex, linkA[vertex]!];
    while (at !== last) {
      freeVertices.push(at);
      const onward = linkA[at] === before ? linkB[at]! : linkA[at]!;
      [before, at] = [at, onward];
    }
    freeVertices.push(vertex);
    if (!isArc) continue;
    freeVertices.push(last);
    for (const end of [vertex, last]) {
      const place = -2 - linkB[end]!;
      ends[place] = -1;
      const base = place & ~3;
      if (ends[base]! < 0 && ends[base + 1]! < 0 && ends[base + 2]! < 0 && ends[base + 3]! < 0)
        freeNodes.push(base >> 2);
    }
  }
}
