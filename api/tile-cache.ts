/** Keeps the encoded tiles used last, up to a number of bytes; two askers of one missing tile wait for one making. */
export interface TileCache {
  readonly get: (key: string, make: () => Promise<Uint8Array>) => Promise<Uint8Array>;
}

/** A cache of at most `capacity` bytes. */
export function createTileCache(capacity: number): TileCache {
  // A Map keeps its order of insertion: what was used last is put in again and so stands at the end.
  const kept = new Map<string, Uint8Array>();
  const making = new Map<string, Promise<Uint8Array>>();
  let size = 0;

  const keep = (key: string, tile: Uint8Array) => {
    kept.set(key, tile);
    size += tile.byteLength;
    for (const [oldest, one] of kept) {
      if (size <= capacity) break;
      kept.delete(oldest);
      size -= one.byteLength;
    }
  };

  const makeOnce = (key: string, make: () => Promise<Uint8Array>) => {
    const running =
      making.get(key) ??
      make()
        .then((tile) => {
          keep(key, tile);
          return tile;
        })
        .finally(() => making.delete(key));
    making.set(key, running);
    return running;
  };

  return {
    async get(key, make) {
      const tile = kept.get(key);
      if (tile === undefined) return makeOnce(key, make);
      kept.delete(key);
      kept.set(key, tile);
      return tile;
    },
  };
}
