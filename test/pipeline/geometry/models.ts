import golden from '../../../fixtures/golden/rpc.json' with { type: 'json' };
import type { Rpc } from '../../../pipeline/core/rpc.ts';
import type { Heights } from '../../../pipeline/geometry/ground.ts';
import { parseRpc } from '../../../pipeline/geometry/rpc.ts';

export type GoldenModel = (typeof golden.models)[number];

export const MODELS: readonly GoldenModel[] = golden.models;

/** Lines in the IKONOS style, as ZY-3 and Jilin-1 write them. */
export function ikonosText(rpc: GoldenModel['rpc']): string {
  const unit = (key: string) => (/LAT|LONG/.test(key) ? 'degrees' : /HEIGHT/.test(key) ? 'meters' : 'pixels');
  return Object.entries(rpc)
    .flatMap(([key, value]) =>
      typeof value === 'number'
        ? [`${key}: ${value < 0 ? '' : '+'}${value} ${unit(key)}`]
        : value.map((one, i) => `${key}_${i + 1}: ${one < 0 ? '' : '+'}${one.toExponential(15)}`),
    )
    .join('\n');
}

export function modelOf(model: GoldenModel): Rpc {
  return parseRpc(ikonosText(model.rpc), 'made_up_rpc.txt');
}

/** The terrain model that the recipe of the golden numbers makes, its constant offset included. */
export function goldenGround(): Heights {
  const { epsg, width, height, origin, pixel, offset } = golden.dem;
  const values = Float32Array.from({ length: width * height }, (_, i) => {
    const [col, row] = [i % width, Math.floor(i / width)];
    const hills = 500 * Math.sin(col / 5) * Math.cos(row / 6) + 200 * Math.sin(row / 3);
    return Math.round(1000 + hills) + offset;
  });
  const transform = [origin[0]!, pixel, 0, origin[1]!, 0, -pixel] as const;
  return { grid: { epsg, width, height, transform }, values };
}
