/** One stop of a colour ramp: product value and colour. Values between stops are interpolated. */
export interface RampStop {
  readonly value: number;
  readonly color: string;
}

/** The sequential vegetation ramp (LOOK.md), light soil to dark canopy, spread over a value range. */
export const VEGETATION = [
  '#cdbb94',
  '#e6d9ae',
  '#d4d37f',
  '#a4c45a',
  '#6bab45',
  '#3c8c3b',
  '#1c6832',
  '#0a4024',
] as const;

/** Dry land to open water; blue grows with water, land stays pale. */
export const WATER = [
  '#efe9da',
  '#dfe3dc',
  '#c3d7dd',
  '#97c0d4',
  '#5f9fc4',
  '#347cab',
  '#17598a',
  '#0b3a63',
] as const;

/** Spreads colours evenly over a range. `ramp(['#000', '#fff'], -1, 1)` has stops at −1 and 1. */
export function ramp(colors: readonly string[], min: number, max: number): RampStop[] {
  return colors.map((color, i) => ({
    value: Number((min + ((max - min) * i) / (colors.length - 1)).toFixed(4)),
    color,
  }));
}
