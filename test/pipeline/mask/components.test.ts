import { expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { label } from '../../../pipeline/mask/components.ts';

/** Numbers parts in reading order by filling each from its first cell: slow and plain. */
function filled(mask: Uint8Array, width: number, height: number): { labels: number[]; sizes: number[] } {
  const labels = new Array<number>(mask.length).fill(0);
  const sizes = [0];
  for (let first = 0; first < mask.length; first++) {
    if (mask[first] === 0 || labels[first] !== 0) continue;
    const name = sizes.length;
    const open = [first];
    labels[first] = name;
    let size = 0;
    while (open.length > 0) {
      const at = open.pop()!;
      size++;
      for (let r = Math.floor(at / width) - 1; r <= Math.floor(at / width) + 1; r++) {
        for (let c = (at % width) - 1; c <= (at % width) + 1; c++) {
          const next = r * width + c;
          if (r < 0 || r >= height || c < 0 || c >= width || mask[next] === 0 || labels[next] !== 0) continue;
          labels[next] = name;
          open.push(next);
        }
      }
    }
    sizes.push(size);
  }
  return { labels, sizes };
}

it.each([0.1, 0.3, 0.45, 0.7])(
  'names the parts of a mask %d full as filling each of them would',
  (density) => {
    const random = seeded(Math.round(density * 100));
    const [width, height] = [61, 47];
    const mask = Uint8Array.from({ length: width * height }, () => (random() < density ? 1 : 0));
    const { labels, sizes, count } = label(mask, width, height);
    const plain = filled(mask, width, height);
    expect([...labels]).toEqual(plain.labels);
    expect([...sizes]).toEqual(plain.sizes);
    expect(count).toBe(plain.sizes.length - 1);
  },
);

it('joins cells that touch at a corner', () => {
  const { count, sizes } = label(Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), 3, 3);
  expect([count, sizes[1]]).toEqual([1, 3]);
});

it('has room for as many parts as a mask can have', () => {
  const mask = Uint8Array.from({ length: 49 }, (_, i) =>
    (i % 7) % 2 === 0 && Math.floor(i / 7) % 2 === 0 ? 1 : 0,
  );
  expect(label(mask, 7, 7).count).toBe(16);
});
