import { QUALITY } from '../core/quality.ts';
import type { LooseTile } from '../core/tile.ts';

/** The coarse scene as the tests see it: four bands of reflectance, row by row. */
export interface Cells {
  readonly width: number;
  readonly height: number;
  /** Edge of a cell, m. */
  readonly size: number;
  readonly unit: 'toa' | 'boa';
  readonly B: Float32Array;
  readonly G: Float32Array;
  readonly R: Float32Array;
  readonly N: Float32Array;
  /** 1 where something was measured. */
  readonly valid: Uint8Array;
}

/** An earlier date of the same place on the same cells. */
export interface Look {
  readonly cells: Cells;
  /** Days before the scene. */
  readonly days: number;
  /** Its own flags. */
  readonly quality: Uint16Array;
}

const { NODATA, SATURATED, UNDEFINED } = QUALITY;

/** The tile as cells, or null when a band of B, G, R, N is not there. Saturated cells are measured, however bright. */
export function cellsOfTile(tile: LooseTile<'toa' | 'boa'>, size: number): Cells | null {
  const { B, G, R, N } = tile.bands;
  if (B === undefined || G === undefined || R === undefined || N === undefined) return null;
  const valid = new Uint8Array(tile.quality.length);
  for (let i = 0; i < valid.length; i++) {
    const flags = tile.quality[i]!;
    const isOdd = (flags & UNDEFINED.bit) !== 0 && (flags & SATURATED.bit) === 0;
    if ((flags & NODATA.bit) === 0 && !isOdd) valid[i] = 1;
  }
  const { width, height } = tile.grid;
  return { width, height, size, unit: tile.unit, B, G, R, N, valid };
}
