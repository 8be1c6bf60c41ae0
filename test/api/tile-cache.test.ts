import { describe, expect, it } from 'vitest';
import { createTileCache } from '../../api/tile-cache.ts';

function maker(bytes: number) {
  let made = 0;
  return {
    make: async () => {
      made++;
      return new Uint8Array(bytes);
    },
    made: () => made,
  };
}

describe('the tile cache', () => {
  it('makes a tile once', async () => {
    const cache = createTileCache(100);
    const tile = maker(10);
    await cache.get('a', tile.make);
    await cache.get('a', tile.make);
    expect(tile.made()).toBe(1);
  });

  it('makes a tile once for two who ask at the same time', async () => {
    const cache = createTileCache(100);
    const tile = maker(10);
    await Promise.all([cache.get('a', tile.make), cache.get('a', tile.make)]);
    expect(tile.made()).toBe(1);
  });

  it('drops what was used longest ago when it is full', async () => {
    const cache = createTileCache(30);
    const [a, b, c, d] = [maker(10), maker(10), maker(10), maker(10)];
    await cache.get('a', a.make);
    await cache.get('b', b.make);
    await cache.get('c', c.make);
    await cache.get('a', a.make);
    await cache.get('d', d.make);
    await cache.get('a', a.make);
    await cache.get('b', b.make);
    expect([a.made(), b.made()]).toEqual([1, 2]);
  });

  it('holds no tile larger than itself and still hands it out', async () => {
    const cache = createTileCache(30);
    const tile = maker(31);
    expect((await cache.get('a', tile.make)).byteLength).toBe(31);
    await cache.get('a', tile.make);
    expect(tile.made()).toBe(2);
  });

  it('forgets a failure', async () => {
    const cache = createTileCache(100);
    await expect(cache.get('a', () => Promise.reject(new Error('disk')))).rejects.toThrow('disk');
    expect((await cache.get('a', maker(5).make)).byteLength).toBe(5);
  });
});
