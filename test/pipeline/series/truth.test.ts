import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { dayNumber } from '../../../pipeline/series/axis.ts';
import { fitHants, wavesAt } from '../../../pipeline/series/harmonic.ts';
import { sortObservations } from '../../../pipeline/series/observations.ts';
import { realData } from '../../helpers/real-data.ts';
import { fluxSites, slovenia, type WithheldOptions, withheld } from '../../helpers/withheld.ts';

const smoothing = realData('11-smoothing');
const sentinel = realData('01-s2-timeseries-slovenia');

/** Prints what is asserted, so that a run shows the figures. */
function figures(series: Parameters<typeof withheld>[0], options: WithheldOptions) {
  const rows = withheld(series, options);
  for (const { method, n, rmse, ratio } of rows)
    console.log(
      `flags ${options.flags}: ${method} RMSE ${rmse.toFixed(4)} (${n}), × straight ${ratio.toFixed(3)}`,
    );
  return Object.fromEntries(rows.map(({ method, ratio, n }) => [method, { ratio, n }]));
}

describe.skipIf(smoothing === null)('hidden clear observations of ten flux sites', () => {
  const series = smoothing === null ? [] : fluxSites(smoothing);
  const common = { folds: 5, step: 10, margin: 92 } as const;

  it.each([1, 2])(
    'are predicted by the default smoother at 0.92 of straight lines without flags, seed %d',
    (seed) => {
      const { whittaker } = figures(series, { ...common, seed, flags: 'hidden' });
      expect(whittaker!.n).toBeGreaterThan(2000);
      expect(whittaker!.ratio).toBeLessThanOrEqual(0.92);
    },
  );

  it.each([1, 2])('are predicted no worse than at 1.02 of straight lines with flags, seed %d', (seed) => {
    const { whittaker } = figures(series, { ...common, seed, flags: 'used' });
    expect(whittaker!.n).toBeGreaterThan(2000);
    expect(whittaker!.ratio).toBeLessThanOrEqual(1.02);
  });
});

describe.skipIf(sentinel === null)("hidden clear observations of Slovenia's 68 dates", () => {
  it('are predicted by the default smoother better than by straight lines without flags', async () => {
    const series = await slovenia(sentinel!, 97);
    const { whittaker } = figures(series, { folds: 5, seed: 1, step: 10, margin: null, flags: 'hidden' });
    expect(whittaker!.ratio).toBeLessThanOrEqual(0.92);
  });
});

/*
 * PROBA-V of Vietnam, published with the reconstruction by gespinoza/hants: 365-day period, 3 harmonics, low outliers, fit
 * tolerance 0.05, overdetermination 1. Its damping is 0.25: (observed − curve) times each wave sums to 0.25 times the
 * amplitude in the published values themselves. No published value equals its observation on the eight dates from 2016-02-12
 * to 2016-03-19, and without them every value of every pixel follows, so that run did not have them.
 */
describe.skipIf(smoothing === null)('the published HANTS reconstruction of Vietnam', () => {
  const ABSENT = [
    '20160212',
    '20160221',
    '20160226',
    '20160301',
    '20160306',
    '20160310',
    '20160315',
    '20160319',
  ];
  const PARAMETERS = {
    harmonics: 3,
    period: 365,
    tolerance: 0.05,
    overdetermination: 1,
    damping: 0.25,
    valid: [-1, 1],
    outliers: 'low',
  } as const;
  const stampOf = (name: string) => name.split('_')[3]!;
  const dayOf = (name: string) => {
    const stamp = stampOf(name);
    const date = `${stamp.slice(0, 4)}-${stamp.slice(4, 6)}-${stamp.slice(6)}`;
    // The published run counts days from its first.
    return dayNumber(date) - dayNumber('2015-08-01');
  };

  it('comes out the same to twelve digits, all 363 days of all 780 pixels', async () => {
    const read = async (folder: string, window: Parameters<typeof raster>[1]) => {
      const names = readdirSync(join(smoothing!, 'probav-vietnam', folder)).sort();
      return await Promise.all(
        names.map(async (name) => ({
          name,
          day: dayOf(name),
          values: await raster(join(smoothing!, 'probav-vietnam', folder, name), window),
        })),
      );
    };
    const inputs = (await read('input', { col: 5, row: 19, width: 30, height: 26 })).filter(
      ({ name }) => !ABSENT.includes(stampOf(name)),
    );
    const published = await read('hants_expected', { col: 0, row: 0, width: 30, height: 26 });
    expect([inputs.length, published.length]).toEqual([90, 363]);
    let worst = 0;
    for (let i = 0; i < 780; i++) {
      const seen = inputs.filter(({ values }) => values[i]! > -2);
      const observed = sortObservations({
        days: seen.map(({ day }) => day),
        values: seen.map(({ values }) => values[i]!),
        weights: seen.map(() => 1),
      });
      const { waves, accepted } = fitHants(observed, PARAMETERS)!;
      const kept = new Map([...observed.days].flatMap((day, k) => (accepted[k] === 1 ? [[day, k]] : [])));
      for (const { day, values } of published) {
        const k = kept.get(day);
        const ours = k === undefined ? wavesAt(waves, day) : observed.values[k]!;
        worst = Math.max(worst, Math.abs(ours - values[i]!));
      }
    }
    expect(worst).toBeLessThan(1e-12);
  });

  async function raster(path: string, window: { col: number; row: number; width: number; height: number }) {
    const file = await openRaster(path);
    try {
      const [band] = await file.read([1], window);
      return band!;
    } finally {
      await file.close();
    }
  }
});
