import type { Random } from '../../../pipeline/core/random.ts';

export type Ring = [x: number, y: number][];

/** A star-shaped ring around a centre: it never crosses itself. Radii lie between a third of the radius and all of it. */
export function star(random: Random, cx: number, cy: number, radius: number, vertices: number): Ring {
  return Array.from({ length: vertices }, (_, i) => {
    const angle = (2 * Math.PI * (i + 0.8 * random())) / vertices;
    const r = radius * (1 / 3 + (2 / 3) * random());
    return [cx + r * Math.cos(angle), cy + r * Math.sin(angle)];
  });
}

export function rectangle(x0: number, y0: number, x1: number, y1: number): Ring {
  return [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ];
}

/** Unsigned area by the shoelace formula. */
export function shoelace(ring: Ring): number {
  const [x0, y0] = ring[0]!;
  let twice = 0;
  for (const [i, [x, y]] of ring.entries()) {
    const [nx, ny] = ring[(i + 1) % ring.length]!;
    twice += (x - x0) * (ny - y0) - (nx - x0) * (y - y0);
  }
  return Math.abs(twice) / 2;
}
