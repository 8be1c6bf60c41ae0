import { describe, expect, it } from 'vitest';
import { HeituError } from '../../../pipeline/core/error.ts';
import type { Rpc } from '../../../pipeline/core/rpc.ts';
import { heightAt, locateOn } from '../../../pipeline/geometry/ground.ts';
import { footprint, locate, parseRpc, project, rpcFromTag } from '../../../pipeline/geometry/rpc.ts';
import { goldenGround, ikonosText, MODELS, modelOf } from './models.ts';

const [FIRST] = MODELS;
const TEXT = ikonosText(FIRST!.rpc);
const RPC = modelOf(FIRST!);

/** Distance between two places in pixels of the image, by way of the model itself. */
function pixelsApart(
  rpc: Rpc,
  [lon, lat]: readonly [number, number],
  to: readonly [number, number],
  height: number,
) {
  const a = project(rpc, lon, lat, height);
  const b = project(rpc, to[0], to[1], height);
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

function refused(text: string): string {
  try {
    parseRpc(text, 'x_rpc.txt');
  } catch (error) {
    if (error instanceof HeituError && error.code === 'E_RPC_INVALID') return error.details.what ?? '';
    throw error;
  }
  return 'accepted';
}

describe('camera models against gdaltransform -rpc (fixtures/golden/rpc.json)', () => {
  it.each(MODELS)('put the ground where GDAL puts it: $name', (model) => {
    const rpc = modelOf(model);
    const off = model.projected.map(([lon, lat, h, col, row]) => {
      const at = project(rpc, lon!, lat!, h!);
      return Math.hypot(at[0] - col!, at[1] - row!);
    });
    expect(off.length).toBe(108);
    expect(Math.max(...off)).toBeLessThan(1e-6);
  });

  it.each(MODELS)('find the ground of a pixel where GDAL finds it: $name', (model) => {
    const rpc = modelOf(model);
    const off = model.located.map(([col, row, h, lon, lat]) =>
      pixelsApart(rpc, locate(rpc, col!, row!, h!), [lon!, lat!], h!),
    );
    expect(off.length).toBe(108);
    expect(Math.max(...off)).toBeLessThan(1e-3);
  });

  it.each(MODELS)('do both on a terrain model, too: $name', (model) => {
    const rpc = modelOf(model);
    const ground = goldenGround();
    const heightOf = heightAt(ground);
    const there = model.projected_on_dem.map(([lon, lat, col, row]) => {
      const at = project(rpc, lon!, lat!, heightOf(lon!, lat!));
      return Math.hypot(at[0] - col!, at[1] - row!);
    });
    expect(Math.max(...there)).toBeLessThan(1e-6);
    const back = model.located_on_dem.map(([col, row, lon, lat]) => {
      const place = locateOn(rpc, col!, row!, ground);
      return place === null ? Infinity : pixelsApart(rpc, place, [lon!, lat!], heightOf(lon!, lat!));
    });
    expect(Math.max(...back)).toBeLessThan(2e-3);
  });

  it('come back to the pixel they started from', () => {
    for (const model of MODELS) {
      const rpc = modelOf(model);
      const [width, height] = model.size as [number, number];
      for (const [col, row, h] of [
        [0.5, 0.5, 0],
        [width - 0.5, 0.5, 2500],
        [width / 3, height - 0.5, 1234],
      ] as const) {
        const back = project(rpc, ...locate(rpc, col, row, h), h);
        expect(Math.hypot(back[0] - col, back[1] - row)).toBeLessThan(1e-5);
      }
    }
  });

  it('shift by half a pixel when the model counts pixel centres from 0.5', () => {
    const half = parseRpc(TEXT, 'a', 0.5);
    const [lon, lat] = [126.2, 44];
    const [col, row] = project(RPC, lon, lat, 200);
    expect(project(half, lon, lat, 200)).toEqual([col - 0.5, row - 0.5]);
  });

  it('cover a box of the image at its own height, larger over a range of heights when seen askew', () => {
    const tilted = modelOf(MODELS[2]!);
    const [width, height] = MODELS[2]!.size as [number, number];
    const [west, south, east, north] = footprint(tilted, width, height);
    expect((east - west) * 80.2).toBeGreaterThan(40);
    expect((east - west) * 80.2).toBeLessThan(60);
    expect((north - south) * 111.1).toBeGreaterThan(30);
    const wide = footprint(tilted, width, height, [0, 2500]);
    expect(wide[0]).toBeLessThan(west);
    expect(wide[2]).toBeGreaterThan(east);
  });

  it('reach over the date line', () => {
    const far = { ...RPC, longitudeOffset: 179.95 };
    const [lon, lat] = locate(far, 10.5, 20.5, 100);
    expect(lon).toBeLessThan(-179);
    const [col, row] = project(far, lon, lat, 100);
    expect(col).toBeCloseTo(10.5, 5);
    expect(row).toBeCloseTo(20.5, 5);
  });
});

describe('camera models as text', () => {
  const rpb = () => {
    const { rpc } = FIRST!;
    const list = (values: readonly number[]) =>
      `(\r\n\t\t\t${values.map((v) => v.toExponential(15)).join(',\r\n\t\t\t')})`;
    return [
      'satId = "JL1";',
      'bandId = "MSS";',
      'SpecId = "RPC00B";',
      'BEGIN_GROUP = IMAGE',
      '\terrBias = 0.00;',
      '\terrRand = 0.00;',
      `\tlineOffset = ${rpc.LINE_OFF};`,
      `\tsampOffset = ${rpc.SAMP_OFF};`,
      `\tlatOffset = ${rpc.LAT_OFF};`,
      `\tlongOffset = ${rpc.LONG_OFF};`,
      `\theightOffset = ${rpc.HEIGHT_OFF};`,
      `\tlineScale = ${rpc.LINE_SCALE};`,
      `\tsampScale = ${rpc.SAMP_SCALE};`,
      `\tlatScale = ${rpc.LAT_SCALE};`,
      `\tlongScale = ${rpc.LONG_SCALE};`,
      `\theightScale = ${rpc.HEIGHT_SCALE};`,
      `\tlineNumCoef = ${list(rpc.LINE_NUM_COEFF)};`,
      `\tlineDenCoef = ${list(rpc.LINE_DEN_COEFF)};`,
      `\tsampNumCoef = ${list(rpc.SAMP_NUM_COEFF)};`,
      `\tsampDenCoef = ${list(rpc.SAMP_DEN_COEFF)};`,
      'END_GROUP = IMAGE',
      'END;',
      '',
    ].join('\r\n');
  };

  it('say the same as lines, as lists of twenty, as .rpb and as TIFF tag 50844', () => {
    const lists = Object.entries(FIRST!.rpc)
      .map(([key, value]) => `${key}: ${typeof value === 'number' ? value : value.join(' ')}`)
      .join('\r\n');
    expect(parseRpc(lists, 'IMG_RPC.TXT')).toEqual(RPC);
    expect(parseRpc(rpb(), 'IMG.rpb')).toEqual(RPC);
    const { rpc } = FIRST!;
    const tag = [
      ...[-1, -1, rpc.LINE_OFF, rpc.SAMP_OFF, rpc.LAT_OFF, rpc.LONG_OFF, rpc.HEIGHT_OFF],
      ...[rpc.LINE_SCALE, rpc.SAMP_SCALE, rpc.LAT_SCALE, rpc.LONG_SCALE, rpc.HEIGHT_SCALE],
      ...[rpc.LINE_NUM_COEFF, rpc.LINE_DEN_COEFF, rpc.SAMP_NUM_COEFF, rpc.SAMP_DEN_COEFF].flat(),
    ];
    expect(rpcFromTag(tag)).toEqual(RPC);
    expect(() => rpcFromTag(tag.slice(1))).toThrow(/91 numbers instead of 92/);
  });

  it('are refused with what is wrong with them', () => {
    expect(refused('')).toMatch(/LINE_OFF is missing/);
    expect(refused(TEXT.replace(/^LAT_SCALE: .*$/m, 'LAT_SCALE: 0 degrees'))).toMatch(/LAT_SCALE is 0/);
    expect(refused(TEXT.replace(/^LAT_OFF: .*$/m, 'LAT_OFF: NaN degrees'))).toMatch(/LAT_OFF is NaN/);
    expect(refused(TEXT.replace(/^LAT_OFF: .*$/m, 'LAT_OFF: 144.0 degrees'))).toMatch(/LAT_OFF is 144/);
    expect(refused(TEXT.replace(/^LINE_OFF: .*$/m, 'LINE_OFF: 1e999 pixels'))).toMatch(/LINE_OFF is/);
    expect(refused(TEXT.replace(/^LINE_OFF: .*$/m, 'LINE_OFF: 4000,5 pixels'))).toMatch(
      /LINE_OFF has 2 values/,
    );
    expect(refused(TEXT.replace(/^LINE_NUM_COEFF_7: .*$/m, ''))).toMatch(/LINE_NUM_COEFF has 19 values/);
    expect(refused(TEXT.replace(/^LINE_NUM_COEFF_7:/m, 'LINE_NUM_COEFF_8:'))).toMatch(/twice/);
    expect(refused(`${TEXT}\nLINE_OFF: 17`)).toMatch(/LINE_OFF is there twice/);
    expect(refused(TEXT.replace(/^SAMP_DEN_COEFF_1: .*$/m, 'SAMP_DEN_COEFF_1: 0'))).toMatch(
      /SAMP_DEN_COEFF vanishes/,
    );
    expect(refused(TEXT.replace(/^(SAMP_NUM_COEFF_\d+): .*$/gm, '$1: 0'))).toMatch(
      /SAMP_NUM_COEFF is zero throughout/,
    );
    // Rows that say the same as columns leave a line of places for every pixel.
    const flat = TEXT.replace(/^LINE_(NUM|DEN)_COEFF.*$\n?/gm, '').replace(
      /^SAMP_(NUM|DEN)_(COEFF_\d+): (.*)$/gm,
      'SAMP_$1_$2: $3\nLINE_$1_$2: $3',
    );
    expect(refused(flat)).toMatch(/do not follow/);
    expect(refused(rpb().replace('RPC00B', 'RPC00A'))).toMatch(/RPC00A/);
    expect(refused(`\u0000${TEXT}`)).toMatch(/control characters/);
    expect(refused('x'.repeat(70_000))).toMatch(/70000 characters/);
  });

  it('say so when a position has no place on the ground', () => {
    expect(() => locate(RPC, 1e9, 0.5, 100)).toThrow(/diverges/);
    expect(() => locate(RPC, Number.NaN, 0.5, 100)).toThrow(/diverges/);
  });
});
