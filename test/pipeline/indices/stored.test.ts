import { expect, test } from 'vitest';
import { computeIndex, quantise } from '../../../pipeline/indices/compute.ts';
import { parseExpressions } from '../../../pipeline/indices/expression.ts';
import { storedIndex, storeValues } from '../../../pipeline/indices/stored.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';
import { evaluate } from '../../../pipeline/kernels/cpu.ts';
import { randomTile } from './spectra.ts';

const PIXELS = 4001;

test.each(Object.keys(INDICES) as IndexId[])(
  '%s is stored as the same counts by the short way and by tiles with flags',
  async (id) => {
    const tile = randomTile(PIXELS, 9);
    const row = structuredClone(storedIndex(id));
    const [values, counts] = [new Float32Array(PIXELS), new Int16Array(PIXELS)];
    evaluate(row.node, tile.bands, values);
    const valid = storeValues(values, row, counts);
    const cpu = await openBackend('cpu');
    const expected = quantise(await computeIndex(id, tile, cpu), row.scale);
    expect([...counts]).toEqual([...expected]);
    expect(valid).toBe(expected.filter((count) => count !== row.nodata).length);
  },
);

test('an expression kept as float32 is stored as it is, and what is no number as NaN', () => {
  const [row] = parseExpressions('big=1000*N/R@float32');
  const values = new Float32Array(4);
  evaluate(
    row!.node,
    { N: Float32Array.of(0.5, 0, 0.5, Number.NaN), R: Float32Array.of(0.25, 1, 0, 1) },
    values,
  );
  const out = new Float32Array(4);
  expect(storeValues(values, row!, out)).toBe(2);
  expect([...out]).toEqual([2000, 0, Number.NaN, Number.NaN]);
});

test('an expression beyond its scale has no count', () => {
  const [row] = parseExpressions('big=10*N');
  const counts = new Int16Array(3);
  expect(storeValues(Float32Array.of(3.2767, 3.2768, -4), row!, counts)).toBe(1);
  expect([...counts]).toEqual([32_767, -32_768, -32_768]);
});
