import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';
import { writeCog } from '../../pipeline/write/cog.ts';
import { ikonosText, MODELS } from '../pipeline/geometry/models.ts';
import type { Contest } from './contest.ts';
import { heitu, type Peers } from './contests.ts';

const EPSG = 32652;
/** Side of the ground that the first golden model sees, in metres, and of the result's pixels at 8192 raw pixels a side. */
const GROUND = 40_960;
const GEOID = 18;

/** A terrain model of 30 m pixels around the image: hills of 1.4 km height with bumps of 30 m on them. */
async function makeTerrain(path: string): Promise<void> {
  const side = 2800;
  const data = Int16Array.from({ length: side * side }, (_, i) => {
    const [col, row] = [i % side, Math.floor(i / side)];
    const hills = 500 * Math.sin(col / 100) * Math.cos(row / 120) + 200 * Math.sin(row / 60);
    return Math.round(1000 + hills + 30 * Math.sin(col / 7) * Math.sin(row / 5));
  });
  await writeCog(path, {
    grid: { width: side, height: side, epsg: EPSG, transform: [235_000, 30, 0, 4_917_000, 0, -30] },
    bands: [{ data, description: 'height' }],
    nodata: null,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
  });
}

/** Orthorectification of a raw image of four bands on a terrain model, ours as a COG, gdalwarp's as plain tiles. */
export async function orthoContest(
  folder: string,
  scene: string,
  size: number,
  peers: Peers,
): Promise<Contest> {
  const half = { LINE_OFF: size / 2, SAMP_OFF: size / 2, LINE_SCALE: size / 2, SAMP_SCALE: size / 2 };
  // GDAL looks for the model beside the image, under this name.
  const model = scene.replace(/\.tif$/, '_rpc.txt');
  await writeFile(model, `${ikonosText({ ...MODELS[0]!.rpc, ...half })}\n`);
  const dem = join(folder, 'terrain.tif');
  await makeTerrain(`${dem}.new`);
  await rename(`${dem}.new`, dem);
  const pixel = GROUND / size;
  const [ours, theirs] = [join(folder, 'ortho-heitu.tif'), join(folder, 'ortho-gdal.tif')];
  const place = ['--epsg', String(EPSG), '--gsd', String(pixel)];
  return {
    title: `ortho of ${size}² × 4 on terrain`,
    megapixels: (size * size) / 1e6,
    ours: {
      name: 'heitu',
      commands: [
        heitu(
          ...['ortho', scene, '--rpc', model, '--dem', dem, '--geoid', String(GEOID), ...place],
          ...['--compress', 'zstd', '--out', ours],
        ),
      ],
    },
    theirs: peers.gdal
      ? [
          {
            name: 'gdalwarp -rpc -et 0.125',
            commands: [
              {
                program: 'gdalwarp',
                args: [
                  ...['-q', '-overwrite', '-rpc', '-et', '0.125', '-r', 'bilinear', '-multi'],
                  ...['-to', `RPC_DEM=${dem}`, '-to', `RPC_HEIGHT=${GEOID}`, '-wo', 'NUM_THREADS=ALL_CPUS'],
                  ...[
                    '-t_srs',
                    `EPSG:${EPSG}`,
                    '-tr',
                    String(pixel),
                    String(pixel),
                    '-tap',
                    '-dstnodata',
                    '0',
                  ],
                  ...['-co', 'TILED=YES', scene, theirs],
                ],
              },
            ],
          },
        ]
      : [],
    differences: async () => await compare(ours, theirs),
  };
}

/** gdalwarp interpolates rotated images otherwise, so that pixels differ; where they are and how bright must agree. */
async function compare(ours: string, theirs: string): Promise<string> {
  const [a, b] = [await openRaster(ours), await openRaster(theirs)];
  try {
    const [at, bt] = [a.info.transform!, b.info.transform!];
    // Both have their corners at multiples of the pixel.
    const col = Math.round((at[0] - bt[0]) / at[1]);
    const row = Math.round((at[3] - bt[3]) / at[5]);
    const side = Math.floor(Math.min(a.info.width, a.info.height) / 2);
    const window = { col: Math.floor(side / 2), row: Math.floor(side / 2), width: side, height: side };
    const [mine] = await a.read([4], window);
    const [other] = await b.read([4], { ...window, col: window.col + col, row: window.row + row });
    const off = Float64Array.from(mine!, (value, i) => Math.abs(value - other![i]!)).sort();
    const share = (limit: number) =>
      ((100 * off.filter((value) => value <= limit).length) / off.length).toFixed(0);
    return `near infrared in the middle: ${off[off.length >> 1]} counts apart in the median, ${share(60)} % within the noise of 60`;
  } finally {
    await a.close();
    await b.close();
  }
}
