import { describe, expect, it } from 'vitest';
import { allCommands } from '../pipeline/commands/table.ts';
import { ERRORS } from '../pipeline/core/error.ts';
import { QUALITY } from '../pipeline/core/quality.ts';
import { INDICES, type IndexId } from '../pipeline/indices/table.ts';
import { type DeliveryKind, KINDS } from '../pipeline/ingest/kinds.ts';
import { bandsOf, parseFormula } from '../pipeline/kernels/formula.ts';
import {
  INDEX_PRODUCTS,
  INNER,
  type IndexProductId,
  type IndexProductRow,
  PRODUCTS,
  type ProductId,
  type ProductRow,
} from '../pipeline/products/table.ts';
import { BANDS, type BandCode } from '../pipeline/sensors/bands.ts';
import type { SensorRow } from '../pipeline/sensors/row.ts';
import { SENSORS, type SensorId, sensorOfSatellite } from '../pipeline/sensors/table.ts';
import { STATISTICS, type StatisticId, statisticRow } from '../pipeline/zones/statistics.ts';

const isHan = (text: string) => /\p{Script=Han}/u.test(text);

describe.each(Object.keys(SENSORS) as SensorId[])('sensor %s', (id) => {
  const row: SensorRow = SENSORS[id];

  it('has bands with their own names, each with its centre inside the window of its code', () => {
    expect(new Set(row.bands.map((band) => band.name)).size).toBe(row.bands.length);
    for (const band of row.bands) {
      const { min, max } = BANDS[band.name];
      expect(band.centre, `${id} ${band.name}`).toBeGreaterThanOrEqual(min);
      expect(band.centre, `${id} ${band.name}`).toBeLessThanOrEqual(max);
      expect(band.width).toBeGreaterThan(0);
    }
  });

  it('states size, depth and source, and is titled in both languages', () => {
    expect(row.gsd).toBeGreaterThan(0);
    expect(row.bits).toBeGreaterThanOrEqual(8);
    expect(row.source.length).toBeGreaterThan(10);
    expect(isHan(row.title.zh) || row.title.zh.includes('NAIP')).toBe(true);
    expect(row.title.en.length).toBeGreaterThan(2);
  });

  it('is found by each of its satellites, and by no other’s', () => {
    for (const satellite of row.satellites) expect(sensorOfSatellite(`${satellite}01`)).toBe(id);
  });

  it('has an irradiance that falls from green to infrared where it has one', () => {
    const e0 = (name: BandCode) => row.bands.find((band) => band.name === name)?.e0 ?? null;
    const [green, red, nir] = [e0('G'), e0('R'), e0('N')];
    if (green === null || red === null || nir === null) return;
    expect(green).toBeGreaterThan(red);
    expect(red).toBeGreaterThan(nir);
  });
});

describe.each(Object.keys(INDICES) as IndexId[])('index %s', (id) => {
  const row = INDICES[id];

  it('lists the bands its formula uses, and no other', () => {
    expect([...row.bands].sort()).toEqual([...bandsOf(parseFormula(row.formula))].sort());
  });

  it('fits its range into the stored 16 bits without touching nodata', () => {
    for (const bound of row.range) expect(Math.abs(bound / row.scale)).toBeLessThanOrEqual(32_767);
    expect(row.range[0]).toBeLessThan(row.range[1]);
  });

  it('has a source and titles', () => {
    expect(row.source).toMatch(/\d{4}/);
    expect(isHan(row.title.zh)).toBe(true);
    expect(row.title.en.length).toBeGreaterThan(5);
  });
});

describe.each(Object.keys(INDEX_PRODUCTS) as IndexProductId[])('product %s of single scenes', (id) => {
  const row: IndexProductRow = INDEX_PRODUCTS[id];

  it('comes from an index that exists and that some sensor can make', () => {
    const { bands } = INDICES[row.from.index];
    const makers = Object.values(SENSORS).filter((sensor: SensorRow) =>
      bands.every((code) => sensor.bands.some((band) => band.name === code)),
    );
    expect(makers.length).toBeGreaterThan(0);
  });

  it('has a legend within the range of its index, and keeps statistics that exist', () => {
    const [min, max] = INDICES[row.from.index].range;
    expect(row.legend[0]!.value).toBeGreaterThanOrEqual(min);
    expect(row.legend.at(-1)!.value).toBeLessThanOrEqual(max);
    for (const statistic of row.statistics)
      if (statistic !== INNER) expect(STATISTICS).toHaveProperty(statistic);
  });
});

describe.each(Object.keys(PRODUCTS) as ProductId[])('product %s', (id) => {
  const row: ProductRow = PRODUCTS[id];

  it('has a legend that rises, in real colours, with a name a class in both languages', () => {
    const values = row.legend.map((stop) => stop.value);
    expect(values.length).toBeGreaterThanOrEqual(2);
    expect([...values].sort((a, b) => a - b)).toEqual(values);
    for (const stop of row.legend) expect(stop.color).toMatch(/^#[0-9a-f]{6}$/);
    if (!('classes' in row) || row.classes === null) return;
    expect(row.classes.length).toBe(values.length);
    expect(values.every(Number.isInteger)).toBe(true);
    expect(row.classes.every(({ zh, en }) => isHan(zh) && en.length > 2)).toBe(true);
  });

  it('keeps statistics, says when there is too little to see, and speaks both languages', () => {
    expect(row.statistics.length).toBeGreaterThan(0);
    expect(row.minimumClear).toBeGreaterThan(0);
    expect(row.minimumClear).toBeLessThanOrEqual(1);
    expect(isHan(row.title.zh) && row.ends.zh.every(isHan)).toBe(true);
    expect(row.title.en.length).toBeGreaterThan(3);
  });
});

describe.each(Object.entries(await allCommands()))('verb %s', (verb, row) => {
  it('says what it does in both languages, with every option and an example of itself', () => {
    expect(isHan(row.summary.zh)).toBe(true);
    expect(row.summary.en.length).toBeGreaterThan(10);
    for (const option of Object.values(row.options)) {
      expect(isHan(option.help.zh) || /\d/.test(option.help.zh)).toBe(true);
      expect(option.help.en.length).toBeGreaterThan(3);
      expect(option.kind === 'value').toBe(option.value !== undefined);
    }
    expect(row.examples.some((example) => example.includes(verb) || example.includes('npm run demo'))).toBe(
      true,
    );
  });
});

describe.each(Object.entries(KINDS) as [string, DeliveryKind][])('delivery kind %s', (_id, row) => {
  it('says in both languages what it is, and in words what it needs, reads and refuses', () => {
    expect(isHan(row.title.zh)).toBe(true);
    for (const text of [row.title.en, row.recognised, row.needs, row.reads, row.refuses])
      expect(text.length).toBeGreaterThan(8);
  });
});

describe('tables', () => {
  it('give every statistic a value for a single pixel', () => {
    const one = {
      covered: 1,
      count: 1,
      weight: 0.5,
      sum: 1.5,
      squares: 0,
      min: 3,
      max: 3,
      groups: {
        size: 1,
        values: Float64Array.of(3),
        counts: Float64Array.of(1),
        weights: Float64Array.of(0.5),
        firsts: Float64Array.of(0.5),
        lasts: Float64Array.of(0.5),
      },
    };
    for (const id of [...Object.keys(STATISTICS), 'p1', 'p99'] as StatisticId[])
      expect(Number.isFinite(statisticRow(id).of(one)), id).toBe(true);
  });

  it('name every band once in STAC’s words', () => {
    const common = Object.values(BANDS).map((band) => band.common);
    expect(new Set(common).size).toBe(common.length);
  });

  it('title every reason for a masked pixel', () => {
    for (const row of Object.values(QUALITY))
      expect(isHan(row.title.zh) && row.title.en.length > 2).toBe(true);
  });

  it('reach every error: each code is thrown somewhere', async () => {
    const { sourceText } = await import('./helpers/sources.ts');
    const text = sourceText();
    expect(Object.keys(ERRORS).filter((code) => !text.includes(`'${code}'`))).toEqual([]);
  });
});
