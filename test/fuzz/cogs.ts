import { join } from 'node:path';
import { normal, seeded } from '../../pipeline/core/random.ts';
import { type CogInput, writeCog } from '../../pipeline/write/cog.ts';

const GRID = { width: 700, height: 600, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 4551 } as const;

/** Noise around a slope, so that blocks compress like imagery; the upper left corner is empty. */
function field<A extends Int16Array | Uint8Array | Uint16Array | Float32Array>(into: A, empty: number): A {
  const random = seeded(3);
  for (let i = 0; i < into.length; i++) {
    const [col, row] = [i % GRID.width, Math.floor(i / GRID.width)];
    into[i] = col < 90 && row < 70 ? empty : 100 + (col + row) / 20 + 3 * normal(random);
  }
  return into;
}

/** Files as we write them ourselves, one a kind; their paths. */
export async function ownCogs(folder: string): Promise<string[]> {
  const n = GRID.width * GRID.height;
  const kinds: Readonly<Record<string, Pick<CogInput, 'bands' | 'nodata' | 'compress' | 'resampling'>>> = {
    index: {
      bands: [{ data: field(new Int16Array(n), -32768), description: 'NDVI', scale: 0.0001, offset: 0 }],
      nodata: -32768,
      compress: 'deflate',
      resampling: 'average',
    },
    reflectance: {
      bands: ['blue', 'green', 'red', 'nir'].map((description) => ({
        data: field(new Uint16Array(n), 0),
        description,
      })),
      nodata: 0,
      compress: 'zstd',
      resampling: 'average',
    },
    classes: {
      bands: [{ data: field(new Uint8Array(n), 0), description: 'class' }],
      nodata: 0,
      compress: 'deflate',
      resampling: 'mode',
    },
    float: {
      bands: [{ data: field(new Float32Array(n), Number.NaN), description: 'LAI' }],
      nodata: Number.NaN,
      compress: 'zstd',
      resampling: 'average',
    },
  };
  const paths: string[] = [];
  for (const [name, input] of Object.entries(kinds)) {
    const path = join(folder, `own-${name}.tif`);
    await writeCog(path, { grid: GRID, metadata: { SOFTWARE: 'heitu' }, ...input });
    paths.push(path);
  }
  return paths;
}
