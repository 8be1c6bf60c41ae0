import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  cardText,
  loadCropCard,
  loadYieldCard,
  sha256,
  type YieldCard,
} from '../../../pipeline/models/card.ts';
import {
  type CropColumns,
  cropAnswersOf,
  cropSamplesOf,
  fitCropCard,
} from '../../../pipeline/models/crop-type.ts';
import { cropRow } from '../../../pipeline/models/crops.ts';
import { columnIndex, numberOf, readTable, type Table } from '../../../pipeline/models/csv.ts';
import { fitCard } from '../../../pipeline/models/fit.ts';
import { CLEANING, cleanPoints, gridPoints, type MonitorPoint } from '../../../pipeline/models/points.ts';
import type { ModelId } from '../../../pipeline/models/table.ts';
import { samplesOf, type TruthColumns } from '../../../pipeline/models/truth.ts';
import type { TargetKind } from '../../../pipeline/models/validate.ts';
import { realData } from '../../helpers/real-data.ts';

const yields = realData('08-yield');
const sinop = realData('02-modis-sinop-timeseries');
const read = (folder: string, ...path: string[]): Table =>
  readTable(readFileSync(join(folder, ...path), 'utf8'), path.at(-1)!);
const stamp = {
  heitu: '0',
  fittedAt: '2024-11-01T00:00:00.000Z',
  truth: { name: 'truth.csv', sha256: sha256(''), rows: 0, refused: [] },
  features: null,
};
const short = (value: number | null) => (value === null ? '–' : value.toFixed(3));

describe.skipIf(yields === null)('soybean of 32 Illinois counties over four years', () => {
  const table = yields === null ? null : read(yields, 'soybean-illinois-counties', 'county_years_train.csv');
  const as: TruthColumns = {
    crop: 'soybean',
    unit: 'bu/ac',
    yieldColumn: 'yield_bu_per_acre',
    group: 'year',
    region: 'county',
    lonLat: null,
    blockKm: 50,
    key: null,
    columns: ['NDVI*'],
  };
  const fitted = (model: ModelId, target: TargetKind, shuffles: number): YieldCard => {
    const { samples, columns } = samplesOf(table!, null, as);
    const card = fitCard(samples, {
      ...{
        crop: 'soybean',
        model,
        target,
        columns,
        group: 'year',
        region: 'county',
        blockKm: 50,
        seed: 1,
        shuffles,
      },
      stamp,
    } as const);
    const { headline, baselines, coverage, control } = card.validation;
    console.log(
      `Illinois ${model} ${target}: NSE ${short(headline.accuracy!.nse)}, RMSE ${headline.accuracy!.rmse.toFixed(0)} kg/ha; ` +
        `${baselines.map(({ id, nse, skill }) => `${id} NSE ${short(nse)} skill over it ${short(skill)}`).join(', ')}; ` +
        `coverage ${coverage.map(({ level, pooled }) => `${level}: ${short(pooled)}`).join(', ')}; shuffled R² ${short(control.meanR2)}`,
    );
    return card;
  };

  it('is predicted better than by the mean of each county’s other years, a year held out whole', () => {
    const card = fitted('forest', 'departure', 50);
    const { headline, baselines, control } = card.validation;
    expect(baselines.map(({ id }) => id)).toEqual(['mean', 'trend', 'last']);
    for (const { skill } of baselines) expect(skill).toBeGreaterThan(0.2);
    expect(headline.accuracy!.nse!).toBeGreaterThan(0.58);
    expect(control.shuffles).toBe(50);
    expect(control.meanR2!).toBeLessThanOrEqual(0.05);
    expect(card.gates.every(({ passed }) => passed)).toBe(true);
    expect(loadYieldCard(cardText(card), 'card').training).toHaveLength(128);
  });

  it.each([
    ['forest', 'departure'],
    ['boost', 'departure'],
    ['ridge', 'departure'],
    ['ridge', 'level'],
    ['index-linear', 'departure'],
  ] as const)(
    'lies in the intervals of %s (%s) as often as they say, each from other years alone',
    (model, target) => {
      const [eighty, ninety] = fitted(model, target, 0).validation.coverage;
      expect(eighty!.n).toBe(128);
      expect(eighty!.pooled!).toBeGreaterThanOrEqual(0.7);
      expect(eighty!.pooled!).toBeLessThanOrEqual(0.9);
      expect(ninety!.pooled!).toBeGreaterThanOrEqual(0.8);
      expect(ninety!.pooled!).toBeLessThanOrEqual(0.98);
    },
  );

  it('does not beat that mean by NDVI alone, and the card says so', () => {
    const card = fitted('ridge', 'level', 50);
    expect(card.validation.baselines[0]!.skill).toBeLessThan(0);
    expect(card.gates.find(({ id }) => id === 'skill')!.passed).toBe(false);
    expect(card.validation.control.meanR2!).toBeLessThanOrEqual(0.05);
  });
});

describe.skipIf(yields === null)('wheat plots under drought', () => {
  it('yield less where they stay green late: the slope is learnt to be negative', () => {
    const truth = read(yields!, 'wheat-plots-cimmyt', 'yield_t_ha.csv');
    const features = read(yields!, 'wheat-plots-cimmyt', 'vi_E1.csv');
    const { samples, columns, refused } = samplesOf(truth, features, {
      crop: 'wheat',
      unit: 't/ha',
      yieldColumn: 'E1',
      group: 'CV',
      region: null,
      lonLat: null,
      blockKm: 50,
      key: 'plot',
      columns: ['RNDVI'],
    });
    const card = fitCard(samples, {
      ...{ crop: 'wheat', model: 'index-linear', target: 'level', columns, group: 'CV', region: null },
      ...{ blockKm: 50, seed: 1, shuffles: 50, stamp },
    } as const);
    if (card.fitted.kind !== 'line') throw new Error('a line was asked for');
    const { headline, baselines } = card.validation;
    console.log(
      `wheat E1: slope ${card.fitted.coefficients[1]!.toFixed(0)} kg/ha per NDVI; folds of the file: NSE ${short(headline.accuracy!.nse)}, RMSE ${headline.accuracy!.rmse.toFixed(0)} kg/ha`,
    );
    expect(samples.length + refused.length).toBe(776);
    expect(headline.folds).toBe(4);
    expect(card.fitted.coefficients[1]!).toBeLessThan(-1000);
    // r = −0.68 over all plots: R² can be no better than its square.
    expect(headline.accuracy!.nse!).toBeGreaterThan(0.4);
    expect(headline.accuracy!.nse!).toBeLessThan(0.47);
    expect(card.validation.control.meanR2!).toBeLessThanOrEqual(0.05);
    // Folds are no years: there is a mean to compare with, no trend and no last year.
    expect(baselines.map(({ id }) => id)).toEqual(['mean']);
  });
});

describe.skipIf(yields === null)('points of a yield monitor in alfalfa', () => {
  const table = yields === null ? null : read(yields, 'alfalfa-yield-monitor', 'kayad_alfalfa.csv');
  const points = (): MonitorPoint[] => {
    const [h, lat, lon, y] = ['harvest', 'lat', 'long', 'yield'].map((name) => columnIndex(table!, name)) as [
      number,
      number,
      number,
      number,
    ]; // four names, four places
    return table!.rows.map((cells, row) => ({
      row: row + 2,
      harvest: cells[h]!,
      lon: numberOf(table!, row, lon),
      lat: numberOf(table!, row, lat),
      y: 1000 * numberOf(table!, row, y),
    }));
  };

  it('lose what no neighbour confirms, each with its reason, and keep their level', () => {
    const all = points();
    const { kept, dropped } = cleanPoints(all, { ...CLEANING, range: cropRow('alfalfa').sane });
    console.log(`alfalfa: ${all.length} points, ${kept.length} kept`);
    expect(kept.length + dropped.length).toBe(8628);
    expect(kept.length / all.length).toBeGreaterThan(0.9);
    expect(dropped.length).toBeGreaterThan(200);
    const mean = (some: readonly MonitorPoint[]) => some.reduce((sum, { y }) => sum + y, 0) / some.length;
    expect(Math.abs(mean(kept) / mean(all) - 1)).toBeLessThan(0.05);
    // A reading ten times too high among good ones goes, and only it.
    const spike = { ...kept[500]!, row: 99_999, lon: kept[500]!.lon + 1e-6, y: kept[500]!.y * 4 };
    const again = cleanPoints([...kept, spike], { ...CLEANING, range: cropRow('alfalfa').sane });
    expect(again.dropped.some(({ point }) => point === spike)).toBe(true);
  });

  it('fill cells of 20 m with their mean and count, over the 23.5 ha of one pivot', () => {
    const h8 = points().filter(({ harvest }) => harvest === 'H8');
    const grid = gridPoints(h8, 20);
    expect(grid.count.reduce((sum, count) => sum + count, 0)).toBe(h8.length);
    const total = grid.mean.reduce(
      (sum, value, at) => sum + (grid.count[at]! > 0 ? value * grid.count[at]! : 0),
      0,
    );
    expect(total / h8.length).toBeCloseTo(h8.reduce((sum, { y }) => sum + y, 0) / h8.length, 6);
    const covered = (grid.count.filter((count) => count > 0).length * 400) / 10_000;
    expect(covered).toBeGreaterThan(18);
    expect(covered).toBeLessThan(30);
    expect(grid.mean.some(Number.isNaN)).toBe(true);
  });
});

describe.skipIf(sinop === null)('crop types of 1,977 fields in Mato Grosso', () => {
  it('are told better by the forest than by the nearest neighbour, blocks of 10 km held out', () => {
    const truth = read(sinop!, 'labelled_series', 'mt_9class_samples.csv');
    const series = read(sinop!, 'labelled_series', 'mt_9class_timeseries.csv');
    const as: CropColumns = {
      label: 'label',
      key: 'id',
      lonLat: ['longitude', 'latitude'],
      blockKm: 10,
      columns: ['ndvi*', 'evi*', 'nir*', 'mir*', 'blue*', 'red*'],
    };
    const { samples, columns, refused } = cropSamplesOf(truth, series, as);
    expect(samples).toHaveLength(1977);
    expect(refused).toEqual([]);
    const card = fitCropCard(samples, {
      columns,
      blockKm: 10,
      trees: 100,
      minLeaf: 1,
      folds: 5,
      seed: 1,
      stamp,
    });
    const { macroF1, macroF1Testable, overall, nearestNeighbour, outOfBagError, classes } = card.validation;
    console.log(
      `Mato Grosso, ${card.classes.length} classes: macro-F1 ${short(macroF1)} (classes in two folds or more ${short(macroF1Testable)}), overall ${short(overall)}; nearest neighbour ${short(nearestNeighbour.macroF1)}, ${short(nearestNeighbour.overall)}; ${classes.map((c) => `${c.name} UA ${short(c.users)} PA ${short(c.producers)}`).join(', ')}`,
    );
    expect(macroF1).toBeGreaterThan(nearestNeighbour.macroF1 + 0.02);
    expect(macroF1Testable!).toBeGreaterThan(0.83);
    // Out of bag is not by space and flatters: the card's figure is the lower one.
    expect(overall).toBeLessThan(1 - outOfBagError!);
    // All samples of one class lie in one block: no fold can test it, and the card says so.
    expect(classes.filter(({ folds }) => folds < 2).map(({ name }) => name)).toEqual(['Soy_Fallow']);
    const answer = cropAnswersOf(loadCropCard(cardText(card), 'card'));
    expect(answer('1', samples[0]!.x)).toMatchObject({ status: 'ok', crop: 'Pasture' });
    expect(
      answer(
        'bare',
        samples[0]!.x.map(() => 0),
      ),
    ).toMatchObject({ status: 'outside-domain', crop: null });
    expect(answer('hole', samples[0]!.x.with(3, Number.NaN))).toMatchObject({
      status: 'missing-feature',
      crop: null,
    });
    // Halfway between two crops is neither.
    const doubtful = samples.map(({ x }, i) =>
      answer(
        String(i),
        x.map((v, f) => (v + samples[(i + 700) % 1977]!.x[f]!) / 2),
      ),
    );
    const some = doubtful.filter(({ status }) => status === 'insufficient');
    expect(some.length).toBeGreaterThan(20);
    for (const one of some)
      expect(one).toMatchObject({ crop: null, reason: { en: expect.stringContaining('doubtful') } });
  });
});
