/** Connected parts of a mask: `labels` is 0 outside and 1 to `count` inside, numbered in reading order of their first cells. */
export interface Components {
  readonly labels: Int32Array;
  readonly count: number;
  /** Number of cells of each label; entry 0 is unused. */
  readonly sizes: Int32Array;
}

/**
 * Parts of a mask of 0 and 1 that hang together over edges and corners (8-connected), by two passes with union-find
 * (Rosenfeld & Pfaltz 1966, doi 10.1145/321356.321357). Two cells that touch at a corner are one component of 2 cells.
 */
export function label(mask: Uint8Array, width: number, height: number): Components {
  const labels = new Int32Array(mask.length);
  // In the worst case every other cell of every other row begins a component.
  const parent = new Int32Array(Math.ceil(width / 2) * Math.ceil(height / 2) + 1);
  let next = 1;
  for (let row = 0; row < height; row++) {
    const at = row * width;
    for (let col = 0; col < width; col++) {
      const i = at + col;
      if (mask[i] === 0) continue;
      const left = col > 0 ? labels[i - 1]! : 0;
      const up = row > 0 ? labels[i - width]! : 0;
      const upLeft = row > 0 && col > 0 ? labels[i - width - 1]! : 0;
      const upRight = row > 0 && col + 1 < width ? labels[i - width + 1]! : 0;
      // The cell above touches all other neighbours, which are therefore joined already.
      let own = up || left || upLeft || upRight;
      if (own === 0) {
        own = next;
        parent[next] = next++;
      } else if (up === 0 && upRight !== 0 && own !== upRight) {
        own = join(parent, own, upRight);
      }
      labels[i] = own;
    }
  }
  return renumber(labels, parent, next);
}

function rootOf(parent: Int32Array, start: number): number {
  let root = start;
  while (parent[root] !== root) root = parent[root]!;
  // Path compression: the next look is short.
  let at = start;
  while (parent[at] !== root) {
    const up = parent[at]!;
    parent[at] = root;
    at = up;
  }
  return root;
}

function join(parent: Int32Array, a: number, b: number): number {
  const [x, y] = [rootOf(parent, a), rootOf(parent, b)];
  const low = Math.min(x, y);
  parent[Math.max(x, y)] = low;
  return low;
}

function renumber(labels: Int32Array, parent: Int32Array, next: number): Components {
  const final = new Int32Array(next);
  let count = 0;
  // The root is the lowest label of its set, so it has its number before the others ask for it.
  for (let i = 1; i < next; i++) final[i] = parent[i] === i ? ++count : final[rootOf(parent, i)]!;
  const sizes = new Int32Array(count + 1);
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    const own = final[labels[i]!]!;
    labels[i] = own;
    sizes[own]!++;
  }
  return { labels, count, sizes };
}
