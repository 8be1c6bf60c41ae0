import { existsSync, readdirSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCounty } from '../../../fixtures/make/county.ts';
import { CLEAR, CLOUD, FILL, SHADOW } from '../../../fixtures/make/truth/tally.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { maskTile } from '../../../pipeline/mask/apply.ts';
import { coarsen } from '../../../pipeline/mask/coarsen.ts';
import { dilate } from '../../../pipeline/mask/morphology.ts';
import { maskScene, type Reference } from '../../../pipeline/mask/scene-mask.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { realData } from '../../helpers/real-data.ts';
import { CLOUDY, cbers, countyScene, iou, marked, percent, share, skyOn, slovenia } from './scenes.ts';

const DAY_MS = 86_400_000;

function daysBetween(earlier: string, later: string): number {
  return (Date.parse(later) - Date.parse(earlier)) / DAY_MS;
}

const cbersFolder = realData('03-cbers4-bgrn-timeseries');

describe.skipIf(cbersFolder === null)('CBERS-4, pixels of 64 m, against the published CMASK', () => {
  const cloudOn = async (date: string, references: readonly Reference[] = []) => {
    const { tile, cloud } = await cbers(cbersFolder!, date);
    const quality = maskScene(tile, skyOn(`${date}T13:00:00Z`), 64, references);
    const found = marked(quality, CLOUDY);
    return { tile: { ...tile, quality }, truth: cloud!, found, grown: dilate(found, 50, 50, 1) };
  };

  it('2017-11-17: IoU at least 0.80 with one dilated pixel, by one look', async () => {
    const { truth, grown } = await cloudOn('2017-11-17');
    const agreement = iou(grown, truth);
    console.log(`CBERS-4 2017-11-17: IoU ${agreement.toFixed(3)}`);
    expect(agreement).toBeGreaterThanOrEqual(0.8);
  });

  it.each(['2018-02-02', '2018-04-07'])(
    '%s: no more than two in a hundred cells of false cloud, with and without earlier looks',
    async (date) => {
      const alone = share((await cloudOn(date)).found);
      const first = await cloudOn('2017-11-17');
      const second = date === '2018-02-02' ? null : await cloudOn('2018-02-02');
      const looks = [second, first].flatMap((look, i) =>
        look === null
          ? []
          : [{ tile: look.tile, days: daysBetween(i === 0 ? '2018-02-02' : '2017-11-17', date) }],
      );
      const together = share((await cloudOn(date, looks)).found);
      console.log(`CBERS-4 ${date}: ${percent(alone)} alone, ${percent(together)} with the other dates`);
      expect(Math.max(alone, together)).toBeLessThanOrEqual(0.02);
    },
  );
});

const sloveniaFolder = realData('01-s2-timeseries-slovenia');

describe.skipIf(sloveniaFolder === null)('Sentinel-2 over Slovenia with one earlier clear date', () => {
  const quality = async (date: string, references: readonly Reference[] = []) => {
    const tile = await slovenia(sloveniaFolder!, date);
    return { ...tile, quality: maskScene(tile, skyOn(`${date}T10:00:00Z`), 10, references) };
  };

  it.each([
    ['2015-07-11', '2015-08-20', 0.95, 1],
    ['2015-07-11', '2015-07-31', 0.8, 1],
    ['2015-07-11', '2015-08-30', 0, 0.02],
    ['2015-07-11', '2015-09-09', 0, 0.02],
    ['2015-08-30', '2015-09-09', 0, 0.02],
  ])('with %s, %s has a cloud share from %d to %d', async (earlier, date, least, most) => {
    const look = await quality(earlier);
    const found = share(
      marked((await quality(date, [{ tile: look, days: daysBetween(earlier, date) }])).quality, CLOUDY),
    );
    console.log(`Slovenia ${date} with ${earlier}: ${percent(found)} cloud`);
    expect(found).toBeGreaterThanOrEqual(least);
    expect(found).toBeLessThanOrEqual(most);
  });

  it.each(['2015-07-11', '2015-08-30', '2015-09-09'])('%s is clear by one look, too', async (date) => {
    expect(share(marked((await quality(date)).quality, CLOUDY))).toBeLessThan(0.02);
  });
});

/** Pixels by what they were and what they were taken for. */
interface Tally {
  readonly cloud: { readonly hit: number; readonly all: number; readonly found: number };
  readonly shadow: { readonly hit: number; readonly all: number; readonly found: number };
  readonly clear: { readonly lost: number; readonly all: number };
}

/**
 * Recall and precision over all dates. Truth calls cloud what hides a quarter or more of the ground, shadow what takes a
 * quarter or more of the direct light; a rim is touched by less. A rim counts neither for nor against: both answers
 * are right there. Cloud in place of shadow and shadow in place of cloud count against both.
 */
function tallyOf(quality: Uint16Array, truth: Uint8Array): Tally {
  const n = {
    cloudHit: 0,
    cloud: 0,
    cloudFound: 0,
    shadowHit: 0,
    shadow: 0,
    shadowFound: 0,
    lost: 0,
    clear: 0,
  };
  for (let i = 0; i < truth.length; i++) {
    const was = truth[i]!;
    if (was === FILL || (was !== CLEAR && was !== CLOUD && was !== SHADOW)) continue;
    const isCloud = (quality[i]! & CLOUDY) !== 0;
    const isShadow = (quality[i]! & QUALITY.SHADOW.bit) !== 0;
    if (isCloud) n.cloudFound++;
    if (isShadow) n.shadowFound++;
    if (was === CLOUD) n.cloud++;
    if (was === SHADOW) n.shadow++;
    if (was === CLOUD && isCloud) n.cloudHit++;
    if (was === SHADOW && isShadow) n.shadowHit++;
    if (was === CLEAR) n.clear++;
    if (was === CLEAR && (isCloud || isShadow || (quality[i]! & QUALITY.EDGE.bit) !== 0)) n.lost++;
  }
  return {
    cloud: { hit: n.cloudHit, all: n.cloud, found: n.cloudFound },
    shadow: { hit: n.shadowHit, all: n.shadow, found: n.shadowFound },
    clear: { lost: n.lost, all: n.clear },
  };
}

function rates(tallies: readonly Tally[]) {
  const sum = (pick: (tally: Tally) => number) => tallies.reduce((total, tally) => total + pick(tally), 0);
  const hits = { cloud: sum((t) => t.cloud.hit), shadow: sum((t) => t.shadow.hit) };
  return {
    cloudRecall: hits.cloud / sum((t) => t.cloud.all),
    cloudPrecision: hits.cloud / sum((t) => t.cloud.found),
    shadowRecall: hits.shadow / sum((t) => t.shadow.all),
    shadowPrecision: hits.shadow / sum((t) => t.shadow.found),
    clearLost: sum((t) => t.clear.lost) / sum((t) => t.clear.all),
  };
}

describe('the simulated county, 3 m pixels in cells of 9 m', { timeout: 240_000 }, () => {
  const alone: Tally[] = [];
  const together: Tally[] = [];
  let scenes = 0;

  beforeAll(async () => {
    const folder = await temporaryFolder();
    await makeCounty(folder, { seed: 1, width: 1024, height: 1024, dates: 8 });
    const earlier: { tile: LooseTile<'boa'>; datetime: string }[] = [];
    for (const name of readdirSync(`${folder}/deliveries`).sort()) {
      if (!existsSync(`${folder}/truth/${name}_mask.tif`)) continue;
      const { tile, sky, truth } = await countyScene(folder, name);
      const cells = coarsen(tile, 3);
      const look = (references: readonly Reference[]) => {
        const quality = maskScene(cells, sky, 9, references);
        return { quality, fine: maskTile(tile, { grid: cells.grid, pixels: 3, quality }).quality };
      };
      const first = look([]);
      alone.push(tallyOf(first.fine, truth));
      const references = earlier
        .map((one) => ({ tile: one.tile, days: daysBetween(one.datetime, sky.datetime) }))
        .reverse();
      together.push(tallyOf(look(references).fine, truth));
      earlier.push({ tile: { ...cells, quality: first.quality }, datetime: sky.datetime });
      scenes++;
    }
  }, 240_000);

  it.each([
    ['by one look', alone],
    ['with earlier dates', together],
  ])('cloud recall is at least 0.95, precision 0.90, shadow recall 0.70, %s', (name, tallies) => {
    const found = rates(tallies);
    const figures = Object.entries(found).map(([key, value]) => `${key} ${value.toFixed(3)}`);
    console.log(`county, ${scenes} dates, ${name}: ${figures.join(', ')}`);
    expect(scenes).toBe(8);
    expect(found.cloudRecall).toBeGreaterThanOrEqual(0.95);
    expect(found.cloudPrecision).toBeGreaterThanOrEqual(0.9);
    expect(found.shadowRecall).toBeGreaterThanOrEqual(0.7);
    expect(found.shadowPrecision).toBeGreaterThanOrEqual(0.9);
    // The 30 m around cloud and shadow that are not used.
    expect(found.clearLost).toBeLessThan(0.15);
  });
});
