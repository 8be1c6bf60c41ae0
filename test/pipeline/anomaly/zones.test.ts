import { describe, expect, it } from 'vitest';
import { seasonOf } from '../../../pipeline/anomaly/looks.ts';
import { VISIT } from '../../../pipeline/anomaly/words.ts';
import { type Zone, type ZoneOptions, zonesOf } from '../../../pipeline/anomaly/zones.ts';
import { CLOUD, type Event, GROUND, HEIGHT, season, WIDTH } from './county.ts';

const run = (count: number, event: Event, options: ZoneOptions = {}, seed = 1) =>
  zonesOf(seasonOf(GROUND, season(count, event, seed)), options);

/** A zone of a season as it stood when last told, however it was judged. */
function everySuspicion(runs: ReturnType<typeof run>): Zone[] {
  const told = new Map<number, Zone>();
  for (const { day, zones } of runs)
    for (const zone of zones) if (zone.firstDay <= day) told.set(zone.id, zone);
  return [...told.values()];
}

const suspected = (runs: ReturnType<typeof run>) =>
  everySuspicion(runs).filter(({ verdict }) => verdict === 'suspected');

/** Leaf loss around the middle of a maize field, growing from look 6 on. */
const patch = (column: number, row: number, k: number) => {
  const radius = Math.hypot(column - 30, row - 30);
  return k < 6 || radius > 6 ? 0 : Math.min(0.75, 0.2 + 0.2 * (k - 5));
};

function overlap(zone: Zone, k: number): number {
  const truth = new Set<number>();
  for (let i = 0; i < WIDTH * HEIGHT; i++)
    if (patch(i % WIDTH, Math.floor(i / WIDTH), k) >= 0.3) truth.add(i);
  const both = [...zone.patch.pixels].filter((i) => truth.has(i)).length;
  return both / (truth.size + zone.patch.pixels.length - both);
}

describe('zones of a season', () => {
  it('finds a growing patch within two dates of 30 % leaf loss, with IoU of 0.6 at its peak', () => {
    const runs = run(11, { loss: patch });
    const zones = suspected(runs);
    expect(zones).toHaveLength(1);
    const [zone] = zones;
    console.log(
      `patch: first seen at look ${(zone!.firstDay - runs[0]!.day) / 6}, IoU ${overlap(zone!, 10).toFixed(2)}, z ${zone!.z.toFixed(1)}, led by ${zone!.led}, leaf loss ${zone!.severity!.leafLoss.toFixed(2)}; ${zone!.sentence.zh}`,
    );
    // Look 6 has 40 % leaf loss.
    expect(zone!.firstDay).toBeLessThanOrEqual(runs[8]!.day);
    expect(overlap(zone!, 10)).toBeGreaterThanOrEqual(0.6);
    expect(zone!.status).toBe('established');
    expect(zone!.confidence).toBe('high');
    expect(zone!.causes[0]!.cause).toBe('pest-disease');
    expect(zone!.sentence.zh).toContain(VISIT.zh);
    expect(zone!.causes.every((cause) => cause.for.length + cause.against.length > 0)).toBe(true);
  });

  it('is low in confidence on the first date, and rises with repeats', () => {
    const runs = run(9, { loss: patch });
    const first = runs.findIndex(({ zones }) => zones.length > 0);
    const confidences = runs.slice(first).map(({ zones }) => zones[0]!.confidence);
    expect(confidences[0]).toBe('low');
    expect(confidences[1]).toBe('medium');
  });

  it('finds nothing in seasons where all fields grow and ripen', () => {
    for (const seed of [1, 2, 3]) {
      const runs = run(16, {}, {}, seed);
      expect(everySuspicion(runs)).toEqual([]);
    }
  });

  it('explains an early harvest and calls it no pest', () => {
    // Field of columns 20 to 39, rows 40 to 59, cut at look 9.
    const cut = (column: number, row: number, k: number) =>
      k >= 9 && column >= 20 && column < 40 && row >= 40 && row < 60 ? 1 : 0;
    const runs = run(12, { loss: cut });
    expect(suspected(runs)).toEqual([]);
    const zones = everySuspicion(runs);
    expect(zones.length).toBeGreaterThan(0);
    for (const zone of zones) expect(zone.causes[0]!.cause).toBe('harvest');
  });

  it('explains a hail strip by its crossing from maize to soybean', () => {
    const hail = (column: number, row: number, k: number) =>
      k >= 8 && column >= 10 && column < 95 && row >= 34 && row < 40 ? 0.6 : 0;
    const runs = run(11, { loss: hail });
    expect(everySuspicion(runs).length).toBeGreaterThan(0);
    expect(suspected(runs)).toEqual([]);
    for (const zone of everySuspicion(runs)) expect(zone.causes[0]!.cause).toBe('hail-frost');
  });

  it('explains water by its near infrared', () => {
    const flood: Event['spoil'] = (bands, column, row, k) =>
      k >= 8 && Math.hypot(column - 30, row - 50) < 6
        ? { blue: 0.06, green: 0.07, red: 0.06, nir: 0.05 }
        : bands;
    const runs = run(10, { spoil: flood });
    expect(everySuspicion(runs).length).toBeGreaterThan(0);
    expect(suspected(runs)).toEqual([]);
    expect(everySuspicion(runs)[0]!.causes[0]!.cause).toBe('flood');
  });

  it('explains lodging by a near infrared that holds', () => {
    const lodged: Event['spoil'] = (bands, column, row, k) =>
      k >= 8 && Math.abs(column - 30) < 8 && Math.abs(row - 30) < 4
        ? { blue: bands.blue * 1.2, green: bands.green * 1.3, red: bands.red * 2.4, nir: bands.nir }
        : bands;
    const runs = run(10, { spoil: lodged });
    expect(suspected(runs)).toEqual([]);
    expect(everySuspicion(runs).map(({ causes }) => causes[0]!.cause)).toContain('lodging');
  });

  it('has no zone of haze that the mask missed, nor of a shift by two pixels', () => {
    const haze: Event['spoil'] = (bands, column, row, k) => {
      const thick = k === 8 ? Math.max(0, 1 - Math.hypot(column - 40, row - 40) / 15) * 0.12 : 0;
      return {
        blue: bands.blue + 1.2 * thick,
        green: bands.green + thick,
        red: bands.red + 0.9 * thick,
        nir: bands.nir + 0.5 * thick,
      };
    };
    const hazy = run(11, { spoil: haze });
    expect(suspected(hazy)).toEqual([]);
    for (const zone of everySuspicion(hazy)) expect(zone.causes[0]!.cause).toBe('cloud-edge');
    for (const pixels of [2, -2]) {
      const shifted = run(11, { shift: (k) => (k === 8 ? pixels : 0) });
      expect(suspected(shifted)).toEqual([]);
      // The shift is seen, and known for what it is.
      expect(everySuspicion(shifted).length).toBeGreaterThan(0);
    }
  });

  it('finds damage that goes too slowly for two dates to show', () => {
    // Seven per cent of the leaves a date: fourteen within the fifteen days of the fast window.
    const slow = (column: number, row: number, k: number) =>
      k < 4 || Math.hypot(column - 30, row - 30) > 6 ? 0 : Math.min(0.7, 0.07 * (k - 3));
    const runs = run(11, { loss: slow });
    const zones = suspected(runs);
    expect(zones).toHaveLength(1);
    // 35 % of the leaves are gone at look 8.
    expect(zones[0]!.firstDay).toBeLessThanOrEqual(runs[9]!.day);
  });

  it('knows the bright rim of a cloud that the mask left', () => {
    const distance = (column: number, row: number) => Math.hypot(column - 40, row - 40);
    const rim: Event['spoil'] = (bands, column, row, k) => {
      const far = distance(column, row);
      const thick = k === 8 && far >= 12 && far < 15 ? ((15 - far) / 3) * 0.1 : 0;
      return {
        blue: bands.blue + 1.2 * thick,
        green: bands.green + thick,
        red: bands.red + 0.9 * thick,
        nir: bands.nir + 0.6 * thick,
      };
    };
    const runs = run(11, {
      spoil: rim,
      quality: (column, row, k) => (k === 8 && distance(column, row) < 12 ? CLOUD : 0),
    });
    expect(suspected(runs)).toEqual([]);
    for (const zone of everySuspicion(runs)) expect(zone.causes[0]!.cause).toBe('cloud-edge');
  });

  it('does not take the rim of a cloud for damage, and does not forget a patch under cloud', () => {
    const cloud: Event['quality'] = (column, _row, k) => (k === 8 && column < 60 ? CLOUD : 0);
    const runs = run(11, { loss: patch, quality: cloud });
    const zones = suspected(runs);
    expect(zones).toHaveLength(1);
    const under = zones[0]!.sightings.find(({ day }) => day === runs[8]!.day);
    expect(under).toMatchObject({ isSeen: null, z: null, clearShare: 0 });
  });

  it('keeps what a doubtful crop map shows suspected, whatever repeats', () => {
    const outside = () => ({ hostProbability: 0.6, rain: null, hailOrFrost: null });
    const zones = suspected(run(11, { loss: patch }, { outside }));
    expect(zones.map(({ status }) => status)).toEqual(['suspected']);
  });

  it('says why there are none: no clear pixel, no earlier look, no host', () => {
    const looks = season(3, { quality: (_c, _r, k) => (k === 2 ? CLOUD : 0) });
    const statuses = zonesOf(seasonOf(GROUND, looks)).map(({ status }) => status);
    expect(statuses).toEqual(['no-earlier-look', 'ok', 'no-clear-pixel']);
    const bare = { ...GROUND, host: new Uint16Array(WIDTH * HEIGHT) };
    expect(zonesOf(seasonOf(bare, looks))[1]!.status).toBe('no-host');
    expect(() => seasonOf({ ...GROUND, width: 3 }, looks)).toThrow(RangeError);
  });
});
