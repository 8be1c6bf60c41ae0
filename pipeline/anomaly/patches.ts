import { label } from '../mask/components.ts';
import type { Ground, Host } from './looks.ts';
import { ANOMALY_RULE } from './rules.ts';

/** Suspect pixels that hang together, of one host. */
export interface Patch {
  readonly host: Host;
  /** Pixel numbers in reading order, filled holes included. */
  readonly pixels: Int32Array;
  /** m². */
  readonly area: number;
  /** Pixels that were no candidates themselves and lie in small holes. */
  readonly filled: number;
}

/**
 * Patches of a mask (METHODS 8.2, step 7): pixels of one host joined over edges and corners, at least 1.5 mu of a crop or 1 mu
 * of forest before holes are filled, holes smaller than a fifth of the patch filled. In reading order, host by host.
 */
export function patchesOf(mask: Uint8Array, ground: Ground): Patch[] {
  const { width, height, host, hosts, pixel } = ground;
  return hosts.flatMap((own) => {
    const among = mask.map((value, i) => (value !== 0 && host[i] === own.code ? 1 : 0));
    const { labels, count, sizes } = label(among, width, height);
    const least = ANOMALY_RULE.leastArea[own.kind] / pixel ** 2;
    const members = Array.from({ length: count + 1 }, (_, k) => (sizes[k]! >= least && k > 0 ? [] : null));
    const lists: (number[] | null)[] = members;
    for (let i = 0; i < labels.length; i++) lists[labels[i]!]?.push(i);
    return lists.flatMap((list) => {
      if (list === null) return [];
      const pixels = withHoles(Int32Array.from(list), ground, own);
      return [{ host: own, pixels, area: pixels.length * pixel ** 2, filled: pixels.length - list.length }];
    });
  });
}

/** A patch cut out of its tile with a rim of one pixel around. */
export interface Cut {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly mask: Uint8Array;
}

/** Cuts pixels out of a tile of some width. */
export function cutOut(pixels: Int32Array, width: number): Cut {
  let [left, right, top, bottom] = [width, 0, Number.MAX_SAFE_INTEGER, 0];
  for (const i of pixels) {
    const [row, column] = [Math.floor(i / width), i % width];
    left = Math.min(left, column);
    right = Math.max(right, column);
    top = Math.min(top, row);
    bottom = Math.max(bottom, row);
  }
  const size = { width: right - left + 3, height: bottom - top + 3, left: left - 1, top: top - 1 };
  const mask = new Uint8Array(size.width * size.height);
  for (const i of pixels) mask[(Math.floor(i / width) - size.top) * size.width + (i % width) - size.left] = 1;
  return { ...size, mask };
}

/** The pixels of a patch with those of its small holes that are of its host. */
function withHoles(pixels: Int32Array, ground: Ground, own: Host): Int32Array {
  const cut = cutOut(pixels, ground.width);
  const most = ANOMALY_RULE.holeShare * pixels.length;
  // 0 not looked at, 1 patch, 2 outside or a hole that stays.
  const state = cut.mask.slice();
  spread(state, cut, 0, 2);
  const all = [...pixels];
  for (let start = 0; start < state.length; start++) {
    if (state[start] !== 0) continue;
    const hole = spread(state, cut, start, 2);
    if (hole.length >= most) continue;
    for (const at of hole) {
      const i = (Math.floor(at / cut.width) + cut.top) * ground.width + (at % cut.width) + cut.left;
      if (ground.host[i] === own.code) all.push(i);
    }
  }
  return Int32Array.from(all).sort();
}

/** Marks what hangs together over edges (the background of a patch that hangs together over corners) and returns it. */
function spread(state: Uint8Array, { width, height }: Cut, start: number, mark: number): number[] {
  const found = [start];
  state[start] = mark;
  for (let k = 0; k < found.length; k++) {
    const at = found[k]!;
    const column = at % width;
    const near = [
      column > 0 ? at - 1 : -1,
      column < width - 1 ? at + 1 : -1,
      at - width,
      at + width < width * height ? at + width : -1,
    ];
    for (const next of near) {
      if (next < 0 || state[next] !== 0) continue;
      state[next] = mark;
      found.push(next);
    }
  }
  return found;
}
