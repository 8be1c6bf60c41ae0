import { ARC, find, GONE, joinAreas, joinParts, LOOP_AROUND, placeOf, type Traced } from './trace.ts';

/**
 * Gives every area of fewer than `least` pixels to the largest area beside it, the smallest first and again until none
 * is left; of neighbours of one size the one that began first wins. Areas of one class that come to lie side by side
 * become one. An area with none beside it, alone in nodata, stays.
 */
export function mergeSmall(traced: Traced, least: number, connectivity: 4 | 8): void {
  const { areas, borders } = traced;
  const beside = otherSides(traced);
  const small: number[] = [];
  for (let label = 0; label < areas.count; label++) {
    if (areas.area[label] === label && areas.pixels[label]! < least) small.push(label);
  }
  small.sort((a, b) => areas.pixels[a]! - areas.pixels[b]! || a - b);
  for (let i = 0; i < small.length; i++) {
    const area = find(areas.area, small[i]!);
    if (areas.pixels[area]! >= least) continue;
    const neighbour = largestBeside(traced, beside, area);
    if (neighbour < 0) continue;
    const value = areas.value[neighbour]!;
    // Which of their parts are joined is found when all areas are.
    joinAreas(areas, borders, area, neighbour);
    const merged = find(areas.area, area);
    areas.value[merged] = value;
    if (areas.pixels[merged]! < least) small.push(merged);
  }
  joinEqual(traced, beside, connectivity);
  dropInner(traced, beside);
}

/** The side across the border from every side; −1 where nothing is there. */
function otherSides({ borders }: Traced): Int32Array {
  const { sideVertex, sideKind, sideCount, mate, vertexCount } = borders;
  // Of an arc each end has one side, of a loop one vertex has both.
  const [first, second] = [new Int32Array(vertexCount).fill(-1), new Int32Array(vertexCount).fill(-1)];
  for (let side = 0; side < sideCount; side++) {
    (sideKind[side] === ARC || sideKind[side] === LOOP_AROUND ? first : second)[sideVertex[side]!] = side;
  }
  return Int32Array.from({ length: sideCount }, (_, side) => {
    const vertex = sideVertex[side]!;
    if (sideKind[side] === ARC) return first[mate[vertex]!]!;
    return (sideKind[side] === LOOP_AROUND ? second : first)[vertex]!;
  });
}

function areaBeside({ areas, borders }: Traced, beside: Int32Array, side: number): number {
  const other = beside[side]!;
  return other < 0 ? -1 : find(areas.area, borders.sideLabel[other]!);
}

function largestBeside(traced: Traced, beside: Int32Array, area: number): number {
  const { areas, borders } = traced;
  let best = -1;
  for (let side = areas.firstSide[area]!; side >= 0; side = borders.nextSide[side]!) {
    const other = areaBeside(traced, beside, side);
    if (other < 0 || other === area || other === best) continue;
    const more = best < 0 ? 1 : areas.pixels[other]! - areas.pixels[best]!;
    if (more > 0 || (more === 0 && other < best)) best = other;
  }
  return best;
}

/** Joins what lies side by side with one class, parts as well as areas; by corners too where those connect. */
function joinEqual(traced: Traced, beside: Int32Array, connectivity: 4 | 8): void {
  const { areas, borders } = traced;
  const classOf = (label: number) => areas.value[find(areas.area, label)]!;
  for (let side = 0; side < borders.sideCount; side++) {
    const other = beside[side]!;
    if (other < 0) continue;
    const [a, b] = [borders.sideLabel[side]!, borders.sideLabel[other]!];
    if (classOf(a) === classOf(b)) joinParts(areas, borders, a, b);
  }
  if (connectivity === 4) return;
  const labels = labelsAtNodes(traced);
  for (let at = 0; at < labels.length; at += 4) {
    for (const [p, q] of [
      [at, at + 2],
      [at + 1, at + 3],
    ] as const) {
      const [a, b] = [labels[p]!, labels[q]!];
      if (a >= 0 && b >= 0 && classOf(a) === classOf(b)) joinAreas(areas, borders, a, b);
    }
  }
}

/** Labels of the pixels around nodes: on the right of each of the four edges; −1 where there is no edge or no area. */
function labelsAtNodes({ borders }: Traced): Int32Array {
  const labels = new Int32Array(4 * borders.nodeCount).fill(-1);
  for (let side = 0; side < borders.sideCount; side++) {
    if (borders.sideKind[side] === ARC)
      labels[placeOf(borders, borders.sideVertex[side]!)] = borders.sideLabel[side]!;
  }
  return labels;
}

/** Takes out borders with the same part on both sides. */
function dropInner({ areas, borders }: Traced, beside: Int32Array): void {
  for (let side = 0; side < borders.sideCount; side++) {
    const other = beside[side]!;
    if (other < 0) continue;
    const [a, b] = [borders.sideLabel[side]!, borders.sideLabel[other]!];
    if (find(areas.part, a) !== find(areas.part, b)) continue;
    if (borders.sideKind[side] === ARC || borders.sideKind[other] === ARC) {
      borders.ends[placeOf(borders, borders.sideVertex[side]!)] = -1;
      borders.ends[placeOf(borders, borders.sideVertex[other]!)] = -1;
    }
    borders.sideKind[side] = GONE;
    borders.sideKind[other] = GONE;
  }
}
