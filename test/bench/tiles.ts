/**
 * The tile loop of `npm run bench`: COG, list of tiles, palette, folder for samples; the same as peers/tiles.py. The palette
 * is written when it is not there. Prints {tiles, wall, cpu, bytes} of the loop alone.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { colorTable } from '../../api/paint.ts';
import { indexCounts, paletteOf } from '../../api/palette.ts';
import { indexedPng } from '../../api/png.ts';
import { INDICES } from '../../pipeline/indices/table.ts';
import { PRODUCTS } from '../../pipeline/products/table.ts';
import { mapTile, recycleTile } from '../../pipeline/read/map-tile.ts';
import { closeRasters } from '../../pipeline/read/raster-cache.ts';

const [cog, list, paletteFile, folder] = process.argv.slice(2) as [string, string, string, string];
const palette = paletteOf(colorTable(PRODUCTS.NDVI.legend, INDICES.NDVI.scale));
if (!existsSync(paletteFile)) {
  const bytes = new Uint8Array(palette.words.buffer);
  const colors = [0, ...palette.idOfStep].map((id) => [...bytes.subarray(id * 4, id * 4 + 4)]);
  const steps = Array.from(palette.ids, (id) => palette.steps[id]);
  writeFileSync(paletteFile, JSON.stringify({ steps, colors }));
}
const tiles = readFileSync(list, 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' ').map(Number) as [number, number, number]);

async function make([z, x, y]: readonly [number, number, number]): Promise<Uint8Array> {
  const tile = await mapTile([cog], z, x, y, [1]);
  const counts = tile?.values[0] ?? new Float32Array(256 * 256).fill(Number.NaN);
  const { indices, palette: colours } = indexCounts(counts, palette);
  const png = await indexedPng(indices, 256, 256, colours);
  if (tile !== null) recycleTile(tile);
  return png;
}

await make(tiles[0]!);
const [wall, cpu] = [performance.now(), process.cpuUsage()];
let bytes = 0;
for (const [i, tile] of tiles.entries()) {
  const png = await make(tile);
  bytes += png.length;
  if (i < 20) writeFileSync(join(folder, `${tile.join('-')}.png`), png);
}
const used = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    tiles: tiles.length,
    wall: (performance.now() - wall) / 1000,
    cpu: (used.user + used.system) / 1e6,
    bytes,
  }),
);
await closeRasters();
