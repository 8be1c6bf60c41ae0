import { describe, expect, it } from 'vitest';
import { DEFAULT_VIEW, readView, type View, writeView } from '../../web/state.ts';

const FULL: View = {
  collection: 'jl1-demo',
  product: 'NDVI',
  date: '2024-08-10',
  layer: 'stands',
  place: '220182102/小班 7&9',
  camera: { lon: 126.21034, lat: -44.5, zoom: 13.25 },
  language: 'en',
  opacity: 0.45,
  theme: 'dark',
  basemap: true,
};

describe('a link', () => {
  it('restores every part of the view it was made from', () => {
    const spaced = { ...FULL, place: '220182102/小班7&9=?#%+' };
    expect(readView(`?${writeView(spaced)}`)).toEqual(spaced);
  });

  it('of the page as it opens is empty', () => {
    expect(writeView(DEFAULT_VIEW)).toBe('');
    expect(readView('')).toEqual(DEFAULT_VIEW);
  });

  it('keeps the position on the map to five decimals, about a metre', () => {
    const camera = { lon: 126.123456789, lat: 43.987654321, zoom: 14.123456 };
    expect(writeView({ ...DEFAULT_VIEW, camera })).toBe('at=126.12346,43.98765,14.12');
  });

  it.each([
    ['date=2024-02-30x', 'date'],
    ['date=yesterday', 'date'],
    ['date=2024-13-01', 'date'],
    ['at=126,44', 'camera'],
    ['at=126,,13', 'camera'],
    ['at=200,44,13', 'camera'],
    ['at=126,44,13,9', 'camera'],
    ['at=NaN,44,13', 'camera'],
    ['opacity=2', 'opacity'],
    ['opacity=-0.1', 'opacity'],
    ['opacity=', 'opacity'],
    ['theme=neon', 'theme'],
    ['lang=xx', 'language'],
    ['layer=zones', 'layer'],
    [`place=${'x'.repeat(129)}`, 'place'],
    ['place=a%0Ab', 'place'],
    ['product=', 'product'],
  ] as const)('that says %s falls back to the default %s', (search, part) => {
    expect(readView(search)[part]).toEqual(DEFAULT_VIEW[part]);
  });

  it('with an opacity of nothing at all is understood', () => {
    expect(readView('opacity=0').opacity).toBe(0);
  });
});
