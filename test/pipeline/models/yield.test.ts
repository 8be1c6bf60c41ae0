import { describe, expect, it } from 'vitest';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { cardText, loadCropCard, loadYieldCard, sha256 } from '../../../pipeline/models/card.ts';
import { conformalWidth } from '../../../pipeline/models/conformal.ts';
import { readTable } from '../../../pipeline/models/csv.ts';
import { coverageOf, type FitRequest, fitCard } from '../../../pipeline/models/fit.ts';
import { askedOf, estimatesOf } from '../../../pipeline/models/predict.ts';
import { blockOf, samplesOf } from '../../../pipeline/models/truth.ts';
import {
  baselines,
  crossValidate,
  estimatorOf,
  type Sample,
  train,
  tune,
} from '../../../pipeline/models/validate.ts';

/** Maize counties over years: yield follows NDVI, each year has its luck and each field its own. kg/ha. */
function draw(seed: number, years: number, regions: number): Sample[] {
  const random = seeded(seed);
  return Array.from({ length: years }, (_, t) => {
    const luck = 250 * normal(random);
    return Array.from({ length: regions }, (_, r): Sample => {
      const ndvi = 0.78 + 0.04 * normal(random);
      const y = 9000 + 14_000 * (ndvi - 0.78) + luck + 500 * normal(random);
      return {
        id: `${r}-${t}`,
        group: String(2010 + t),
        region: `r${r}`,
        block: `${r}:0`,
        x: Float64Array.of(ndvi, random()),
        y,
      };
    });
  }).flat();
}

const REQUEST: FitRequest = {
  crop: 'maize',
  model: 'index-linear',
  target: 'level',
  columns: ['NDVI', 'noise'],
  group: 'year',
  region: 'county',
  blockKm: 50,
  seed: 1,
  shuffles: 10,
  stamp: {
    heitu: '0',
    fittedAt: '2024-11-01T00:00:00.000Z',
    truth: { name: 'truth.csv', sha256: sha256('x'), rows: 120, refused: [] },
    features: null,
  },
};
const card = fitCard(draw(1, 10, 12), REQUEST);

describe('intervals over 200 simulated draws', () => {
  it('hold new years, and held-out ones, within 5 points of what they say', () => {
    const task = { model: 'index-linear', target: 'level', seed: 1 } as const;
    const ofYear = (sample: Sample) => sample.group;
    const inside = { '0.8': 0, '0.9': 0 };
    const pooled: number[][] = [[], []];
    let n = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const samples = draw(seed, 12, 12).map((sample) => ({ ...sample, x: sample.x.slice(0, 1) }));
      const known = samples.filter(({ group }) => group !== '2021');
      const validation = crossValidate(task, known, ofYear);
      coverageOf(known, validation).forEach(({ pooled: share }, i) => {
        pooled[i]!.push(share!);
      });
      const residuals = known.map(({ y }, i) => y - validation.predicted[i]!);
      const estimate = estimatorOf(train(task, known, { feature: 0 }, false)!);
      for (const sample of samples.filter(({ group }) => group === '2021')) {
        const off = Math.abs(sample.y - estimate(sample.region, sample.x));
        n++;
        if (off <= conformalWidth(residuals, 0.2)) inside['0.8']++;
        if (off <= conformalWidth(residuals, 0.1)) inside['0.9']++;
      }
    }
    console.log(
      `200 draws: new year 80 % ${((100 * inside['0.8']) / n).toFixed(1)}, 90 % ${((100 * inside['0.9']) / n).toFixed(1)}`,
    );
    expect(Math.abs(inside['0.8'] / n - 0.8)).toBeLessThan(0.05);
    expect(Math.abs(inside['0.9'] / n - 0.9)).toBeLessThan(0.05);
    pooled.forEach((shares, i) => {
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      expect(Math.abs(mean - [0.8, 0.9][i]!)).toBeLessThan(0.05);
    });
  });
});

describe('a fit', () => {
  it('finds the column that carries the yield, and its slope', () => {
    expect(card.hyper).toEqual({ feature: 0 });
    if (card.fitted.kind !== 'line') throw new Error('a line was asked for');
    expect(card.fitted.coefficients[1]! / 14_000).toBeCloseTo(1, 0);
    expect(card.gates.find(({ id }) => id === 'slope')?.passed).toBe(true);
  });

  it('never lets the held-out year into the setting or the fit', () => {
    const samples = draw(1, 4, 12);
    const task = { model: 'ridge', target: 'level', seed: 1 } as const;
    const ofYear = (sample: Sample) => sample.group;
    const before = crossValidate(task, samples, ofYear);
    const changed = samples.map((sample) => (sample.group === '2010' ? { ...sample, y: 99_999 } : sample));
    const after = crossValidate(task, changed, ofYear);
    samples.forEach(({ group }, i) => {
      if (group === '2010') expect(after.predicted[i]).toBe(before.predicted[i]);
    });
    expect(after.predicted.at(-1)).not.toBe(before.predicted.at(-1));
  });

  it('shows nothing where yields were shuffled', () => {
    expect(card.validation.control.shuffles).toBe(10);
    expect(card.validation.control.meanR2!).toBeLessThanOrEqual(0.05);
    expect(card.validation.headline.accuracy!.nse!).toBeGreaterThan(0.3);
  });

  it('keeps training rows by year and county, errors by both, and every held-out prediction', () => {
    expect(card.training).toHaveLength(120);
    expect(card.validation.byGroup).toHaveLength(10);
    expect(card.validation.byRegion).toHaveLength(12);
    expect(card.validation.rows.every(({ predicted }) => predicted !== null)).toBe(true);
    expect(card.validation.space).toMatchObject({ by: 'blocks of 50 km', folds: 10 });
  });

  it('is the same for the same seed', () => {
    const forest = { ...REQUEST, model: 'forest', shuffles: 0 } as const;
    const samples = draw(2, 3, 12);
    expect(fitCard(samples, forest)).toEqual(fitCard(samples, forest));
  });

  it('learns departures from the region’s other years, without its own', () => {
    const samples = draw(3, 5, 10).map((s) => ({ ...s, y: s.y + 900 * Number(s.region.slice(1)) }));
    const level = fitCard(samples, { ...REQUEST, shuffles: 0 });
    const departure = fitCard(samples, { ...REQUEST, target: 'departure', shuffles: 0 });
    expect(departure.validation.headline.accuracy!.rmse).toBeLessThan(
      0.5 * level.validation.headline.accuracy!.rmse,
    );
    expect(departure.validation.space.reason).toContain('same region');
  });

  it.each([
    ['too few rows', draw(1, 3, 3), /9 usable rows/],
    ['one year only', draw(1, 1, 30), /one year only/],
  ])('is refused for %s', (_what, samples, message) => {
    expect(() => fitCard(samples, REQUEST)).toThrow(message);
  });

  it('does not tune on a single fold', () => {
    const task = { model: 'ridge', target: 'level', seed: 1 } as const;
    expect(tune(task, draw(1, 1, 20), ({ group }) => group)).toEqual({ hyper: { lambda: 1 }, residuals: [] });
  });
});

describe('baselines', () => {
  const rows = [
    ['2018', 10],
    ['2019', 12],
    ['2020', 14],
    ['2021', 16],
  ] as const;
  const samples = rows.map(
    ([group, y]): Sample => ({ id: group, group, region: 'a', block: null, x: Float64Array.of(0), y }),
  );

  it('are the mean of the other years, their trend, and the year before', () => {
    const { mean, trend, last } = baselines(samples);
    expect(mean[0]).toBe(14);
    expect(trend[3]).toBeCloseTo(16, 10);
    expect(last).toEqual([Number.NaN, 10, 12, 14]);
  });

  it('say nothing of years where groups are folds', () => {
    const folds = samples.map((sample, i) => ({ ...sample, group: `fold ${i}` }));
    expect(baselines(folds).trend.every(Number.isNaN)).toBe(true);
    expect(baselines(folds).mean[0]).toBe(14);
  });
});

describe('a card', () => {
  const text = cardText(card);

  it('comes back as it was written', () => {
    expect(loadYieldCard(text, 'card.json')).toEqual(JSON.parse(JSON.stringify(card)));
  });

  it.each([
    ['is no JSON', 'maize', /not JSON/],
    ['has no seal', JSON.stringify(card), /no seal/],
    ['was changed by hand', text.replace('"rmse"', '"rmse "'), /seal is broken/],
    ['has better figures than it earned', text.replace(/"nse": 0\.\d+/, '"nse": 0.99'), /seal is broken/],
  ])('that %s does not load', (_what, damaged, message) => {
    expect(() => loadYieldCard(damaged, 'card.json')).toThrow(message);
  });

  it.each([
    [
      'was never validated',
      (c: typeof card) => ({
        ...c,
        validation: { ...c.validation, headline: { ...c.validation.headline, accuracy: null } },
      }),
      /never validated/,
    ],
    ['has no training rows', (c: typeof card) => ({ ...c, training: [] }), /no training rows/],
    ['is of another format', (c: typeof card) => ({ ...c, format: 2 }), /format/],
    ['is of an unknown crop', (c: typeof card) => ({ ...c, crop: 'ginseng' }), /crop/],
    [
      'has other columns than its domain',
      (c: typeof card) => ({ ...c, columns: ['NDVI'] }),
      /different number/,
    ],
  ])('that %s does not load, even under a good seal', (_what, change, message) => {
    const content = JSON.parse(JSON.stringify(change(card))) as unknown;
    const sealed = JSON.stringify({ card: content, seal: sha256(JSON.stringify(content)) });
    expect(() => loadYieldCard(sealed, 'card.json')).toThrow(message);
  });

  it('of a yield is no card of crops', () => {
    expect(() => loadCropCard(text, 'card.json')).toThrow(/kind/);
  });
});

describe('an estimate', () => {
  const good = { ...card, gates: card.gates.map((gate) => ({ ...gate, passed: true })) };
  const estimate = estimatesOf(good);
  const x = [0.78, 0.5];

  it('has a value within bounds of 80 and 90 %', () => {
    const found = estimate({ id: 'p', x });
    expect(found.status).toBe('ok');
    expect(Math.abs(found.value! - 9000)).toBeLessThan(300);
    expect(found.low90! < found.low80! && found.low80! < found.value! && found.value! < found.high80!).toBe(
      true,
    );
    expect(found.high80! - found.value!).toBeCloseTo(card.interval.half80!, 6);
  });

  it.each([
    ['other-crop field', { crop: 'rice' }, 'no-model', 'crop rice, the card is of maize'],
    ['field of unknown crop', { crop: '' }, 'no-model', 'crop ?'],
    ['field seen twice', { clearDates: 2 }, 'insufficient', '2 clear dates, 3 needed'],
    ['field without a feature', { x: [Number.NaN, 0.5] }, 'missing-feature', 'no NDVI'],
    ['field outside the domain', { x: [0.2, 0.5] }, 'outside-domain', 'Mahalanobis'],
    ['field of wrong scale', { x: [7800, 0.5] }, 'outside-domain', 'Mahalanobis'],
  ] as const)('of a(n) %s has a status and no number', (_what, change, status, reason) => {
    const found = estimate({ id: 'p', x, ...change });
    expect(found).toMatchObject({ status, value: null, low80: null, high90: null });
    expect(found.reason.en).toContain(reason);
    expect(found.reason.zh.length).toBeGreaterThan(2);
  });

  it('before August is a forecast with a wider interval', () => {
    const early = estimate({ id: 'p', x, lastDay: 200 });
    expect(early.status).toBe('early');
    expect(early.high80! - early.value!).toBeCloseTo(1.5 * card.interval.half80!, 6);
  });

  it('of a card that missed a gate says so beside its number', () => {
    const missed = estimatesOf({
      ...card,
      gates: [{ id: 'skill', passed: false, what: { zh: '技巧', en: 'skill' } }],
    });
    expect(missed({ id: 'p', x })).toMatchObject({ status: 'unreleased', reason: { en: 'skill' } });
  });

  it('that no field can have is not given', () => {
    const far = estimatesOf({
      ...good,
      fitted: { kind: 'line', form: 'linear', feature: 0, coefficients: [-9000, 0] },
    });
    expect(far({ id: 'p', x })).toMatchObject({ status: 'implausible', value: null });
  });

  it('has no bounds where a card knows too few years', () => {
    const thin = estimatesOf({ ...good, interval: { half80: null, half90: null, n: 3, groups: 3 } });
    expect(thin({ id: 'p', x })).toMatchObject({ status: 'ok', low80: null, high90: null });
  });

  it('of departures needs the history of the region', () => {
    const departure = fitCard(draw(3, 5, 10), { ...REQUEST, target: 'departure', shuffles: 0 });
    const of = estimatesOf(departure);
    expect(of({ id: 'p', x, region: 'r3' }).value).not.toBeNull();
    expect(of({ id: 'p', x, region: 'r99' })).toMatchObject({ status: 'unknown-region', value: null });
  });

  it('is asked of a table by the names of its columns; a blank count of clear dates is none', () => {
    const table = readTable('parcel,noise,NDVI,clear_dates\na,0.5,0.78,4\nb,0.5,0.78,\n', 'f.csv');
    const [a, b] = askedOf(table, good, 'parcel').map(estimate);
    expect(a).toMatchObject({ id: 'a', status: 'ok' });
    expect(b).toMatchObject({ id: 'b', status: 'insufficient' });
    expect(() => askedOf(readTable('parcel,NDVI\na,0.7\n', 'f.csv'), good, null)).toThrow('no column noise');
  });
});

describe('rows of truth', () => {
  const as = {
    crop: 'maize',
    unit: '斤/亩',
    yieldColumn: 'yield',
    group: 'year',
    region: null,
    lonLat: null,
    blockKm: 10,
    key: 'parcel',
    columns: ['NDVI'],
  } as const;
  const features = readTable('parcel,NDVI\na,0.8\nb,\nc,0.7\n', 'f.csv');

  it('that cannot be used are named with the reason, and the others learnt from in kg/ha', () => {
    const truth = readTable(
      'parcel,year,yield,crop\na,2023,1200,maize\nz,2023,1100,maize\nb,2023,1000,maize\nc,2023,,maize\nc,2024,90000,maize\nc,2022,1000,rice\n',
      't.csv',
    );
    const { samples, refused } = samplesOf(truth, features, as);
    expect(samples.map(({ id, y }) => [id, y])).toEqual([['a', 9000]]);
    expect(refused.map(({ row, status }) => [row, status])).toEqual([
      [3, 'unknown-parcel'],
      [4, 'missing-feature'],
      [5, 'missing-yield'],
      [6, 'implausible'],
      [7, 'other-crop'],
    ]);
  });

  it('join by the year too where the features have it', () => {
    const yearly = readTable('parcel,year,NDVI\na,2022,0.1\na,2023,0.8\n', 'f.csv');
    const truth = readTable('parcel,year,yield\na,2023,1200\n', 't.csv');
    expect([...samplesOf(truth, yearly, as).samples[0]!.x]).toEqual([0.8]);
  });

  it('are not joined to a key that stands there twice', () => {
    const twice = readTable('parcel,NDVI\na,0.8\na,0.7\n', 'f.csv');
    expect(() => samplesOf(readTable('parcel,year,yield\na,2023,1200\n', 't.csv'), twice, as)).toThrow(
      'two rows of a',
    );
  });

  it('lie in blocks as wide as they are high', () => {
    expect(blockOf(125.32, 43.88, 10)).toBe('487:1005');
    expect(blockOf(125.32, 43.88 + 10 / 111.195, 10).split(':')[0]).toBe('488');
    expect(blockOf(-55.2, -10.8, 10)).not.toBe(blockOf(55.2, -10.8, 10));
  });
});
