import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { transformer } from '../../pipeline/core/crs.ts';
import { seeded } from '../../pipeline/core/random.ts';
import { INDICES, type IndexId } from '../../pipeline/indices/table.ts';
import type { Contest, Side } from './contest.ts';
import { makeBlobs, makeParcels, makeScene, ORIGIN, rowsOf } from './inputs.ts';
import { type Command, type Cost, isThere, type Ran, run } from './measure.ts';

/** How large the bench is. */
export interface Sizes {
  readonly size: number;
  readonly parcels: number;
  readonly blobs: number;
  readonly tiles: number;
  readonly seed: number;
}

export type Codec = 'deflate' | 'zstd';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const CLI = fileURLToPath(new URL('../../pipeline/cli.ts', import.meta.url));
const PYTHON = '/usr/bin/python3';

/** Codec settings of ours (pipeline/write/block.ts), for peers. */
const LEVEL: Readonly<Record<Codec, string>> = { deflate: '6', zstd: '1' };

export const heitu = (...args: string[]): Command => ({ program: process.execPath, args: [CLI, ...args] });
const python = (script: string, ...args: string[]): Command => ({
  program: PYTHON,
  args: [join(HERE, 'peers', script), ...args],
});

/** What of the peers is installed. */
export interface Peers {
  readonly gdal: boolean;
  readonly rasterio: boolean;
  readonly otb: boolean;
  readonly postgis: boolean;
}

export async function findPeers(): Promise<Peers> {
  return {
    gdal: (await isThere('gdal_calc.py', '--help')) && (await isThere('gdalinfo', '--version')),
    rasterio: await isThere(PYTHON, '-c', 'import rasterio'),
    otb: await isThere('bash', '-c', 'command -v otbcli_BandMath'),
    postgis: await isThere('bash', '-c', 'command -v raster2pgsql && ls /usr/lib/postgresql/*/bin/initdb'),
  };
}

/** The scene in uncompressed strips, and rewritten by GDAL in deflate blocks where GDAL is installed. */
export async function makeScenes(folder: string, { size, seed }: Sizes, peers: Peers) {
  const strips = join(folder, `scene-${size}.tif`);
  await makeScene(strips, size, seed);
  if (!peers.gdal) return { strips, blocks: null };
  const blocks = join(folder, `scene-${size}-deflate.tif`);
  const layout = [
    'TILED=YES',
    'BLOCKXSIZE=512',
    'BLOCKYSIZE=512',
    'COMPRESS=DEFLATE',
    'PREDICTOR=2',
    'NUM_THREADS=ALL_CPUS',
  ];
  await run({
    program: 'gdal_translate',
    args: ['-q', ...layout.flatMap((one) => ['-co', one]), strips, blocks],
  });
  return { strips, blocks };
}

const toCog = (from: string, to: string, codec: Codec): Command => ({
  program: 'gdal_translate',
  args: [
    '-q',
    ...[
      '-of',
      'COG',
      '-co',
      `COMPRESS=${codec.toUpperCase()}`,
      '-co',
      `LEVEL=${LEVEL[codec]}`,
      '-co',
      'PREDICTOR=2',
    ],
    ...['-co', 'BLOCKSIZE=512', '-co', 'RESAMPLING=AVERAGE', '-co', 'NUM_THREADS=ALL_CPUS', from, to],
  ],
});

/** One index by gdal_calc with our rules: counts of the index's scale, nodata where it is not finite. */
function gdalCalc(scene: string, out: string, id: IndexId, scale: number): Command {
  const { formula, scale: step } = INDICES[id];
  const number = { B: 1, G: 2, R: 3, N: 4 } as const;
  const bands = (['B', 'G', 'R', 'N'] as const).filter((band) => new RegExp(`\\b${band}\\b`).test(formula));
  const physical = formula.replace(/\b[BGRN]\b/g, (band) => `(float32(${scale})*${band})`);
  // gdal_calc multiplies what is nodata by 0, which a NaN would survive.
  const counts = `nan_to_num(clip(rint((${physical})/${step}),-32767,32767))`;
  return {
    program: 'gdal_calc.py',
    args: [
      ...['--quiet', '--overwrite', '--type', 'Int16', '--NoDataValue', '-32768', '--outfile', out],
      ...['--co', 'TILED=YES', '--co', 'BLOCKXSIZE=512', '--co', 'BLOCKYSIZE=512', '--calc', counts],
      ...bands.flatMap((band) => [`-${band}`, scene, `--${band}_band=${number[band]}`]),
    ],
  };
}

/** NDVI, or several indices, of a scene as COGs. */
export async function indexContest(
  folder: string,
  scene: string,
  title: string,
  options: { codec: Codec; indices: readonly IndexId[]; size: number; peers: Peers },
): Promise<Contest> {
  const { codec, indices, peers, size } = options;
  const out = join(folder, 'ours');
  const stem = 'bench';
  const path = (side: string, id: IndexId) => join(folder, `${side}-${id}.tif`);
  const calibrated = indices.length > 1;
  const ours: Side = {
    name: 'heitu',
    commands: [
      heitu(
        ...['index', scene, '--index', indices.join(), '--bands', 'B=1,G=2,R=3,N=4', '--compress', codec],
        ...['--name', stem, '--out', out, ...(calibrated ? ['--scale', '0.0001', '--offset', '0'] : [])],
      ),
    ],
  };
  const theirs: Side[] = [];
  if (peers.gdal) {
    theirs.push({
      name: 'gdal_calc + COG',
      commands: indices.flatMap((id) => {
        const between = join(folder, 'gdal-between.tif');
        return [
          gdalCalc(scene, between, id, calibrated ? 0.0001 : 1),
          toCog(between, path('gdal_calc + COG', id), codec),
        ];
      }),
    });
  }
  if (peers.rasterio && !calibrated) {
    const target = path('rasterio', 'NDVI');
    theirs.push({
      name: 'rasterio',
      commands: [python('rasterio_ndvi.py', scene, target, codec, LEVEL[codec])],
    });
  }
  if (peers.otb && !calibrated) {
    const between = join(folder, 'otb-between.tif');
    const expression = 'im1b3==0 || im1b4==0 ? -32768 : rint(10000*(im1b4-im1b3)/(im1b4+im1b3))';
    theirs.push({
      name: 'otb',
      commands: [
        {
          program: 'otbcli_BandMath',
          args: ['-il', scene, '-out', `${between}?&nodata=-32768`, 'int16', '-exp', expression],
        },
        toCog(between, path('otb', 'NDVI'), codec),
      ],
    });
  }
  return {
    title,
    megapixels: (size * size) / 1e6,
    ours,
    theirs,
    differences: async (side) => {
      const found: string[] = [];
      for (const id of indices) {
        const words = await compareCounts(join(out, `${stem}_${id}.tif`), path(side.name, id));
        if (words !== '') found.push(indices.length > 1 ? `${id} ${words}` : words);
      }
      return found.join('; ');
    },
  };
}

/** The bench scene as a Jilin-1 delivery of radiance: the same file under its vendor's name, and what is told beside it. */
export async function makeDelivery(folder: string, scene: string): Promise<string> {
  const name = 'JL1GF02B_PMS1_20240728103205_200341375_101_0003_001_L1_MSS';
  const place = join(folder, 'delivery');
  await mkdir(place, { recursive: true });
  const image = join(place, `${name}.tif`);
  await rm(image, { force: true });
  await link(scene, image);
  const elements = {
    SatelliteID: 'JL1GF02B',
    CenterTime: '2024-07-28 10:32:05.0',
    DataBits: '16',
    SolarAzimuth: '140',
    SolarElevation: '60',
    SatelliteAzimuth: '281.5',
    SatelliteElevation: '82',
    // About a ten-thousandth of the radiance of a white ground, so that counts are reflectance times 10,000 or so.
    AbsCalibrationGain: '0.0538,0.0489,0.0410,0.0279',
    AbsCalibrationBias: '0,0,0,0',
  };
  const lines = Object.entries(elements).map(([key, value]) => `<${key}>${value}</${key}>`);
  await writeFile(join(place, `${name}_meta.xml`), `<MetaData>${lines.join('')}</MetaData>`);
  return image;
}

/** NDVI of surface reflectance by the model of the atmosphere, against NDVI of the numbers as they are: both ours. */
export async function calibrationContest(folder: string, scene: string, size: number): Promise<Contest> {
  const image = await makeDelivery(folder, scene);
  const out = join(folder, 'calibrated');
  const index = (name: string, ...args: string[]) =>
    heitu('index', image, '--index', 'NDVI', '--compress', 'zstd', '--name', name, '--out', out, ...args);
  return {
    title: 'NDVI of surface reflectance (ATM-A)',
    megapixels: (size * size) / 1e6,
    ours: { name: 'heitu --calibrate boa', commands: [index('boa', '--calibrate', 'boa', '--aot', '0.2')] },
    theirs: [
      {
        name: 'heitu --calibrate boa --mask',
        commands: [index('masked', '--calibrate', 'boa', '--aot', '0.2', '--mask')],
      },
      {
        name: 'heitu, plain NDVI',
        commands: [index('plain', '--bands', 'B=1,G=2,R=3,N=4', '--scale', '0.0001')],
      },
    ],
    differences: () => compareLevels(join(out, 'boa_NDVI.tif'), join(out, 'plain_NDVI.tif')),
  };
}

/** How much higher one index is than another in the mean, as words: they are not meant to agree. */
async function compareLevels(one: string, another: string): Promise<string> {
  const other = rowsOf(another);
  let [sum, count] = [0, 0];
  for await (const own of rowsOf(one)) {
    const rows = (await other.next()).value;
    for (let i = 0; i < own.length; i++) {
      if (own[i] === -32768 || rows?.[i] === undefined || rows[i] === -32768) continue;
      sum += Number(own[i]) - Number(rows[i]);
      count += 1;
    }
  }
  await other.return(undefined);
  return `NDVI ${(sum / count / 10_000).toFixed(3)} higher without the air, by design`;
}

/** Both hold counts; a rounding of float32 may move one in a hundred thousand by one. */
async function compareCounts(ours: string, theirs: string): Promise<string> {
  const other = rowsOf(theirs);
  let [all, moved, wrong, valid] = [0, 0, 0, 0];
  for await (const own of rowsOf(ours)) {
    const rows = (await other.next()).value;
    if (rows === undefined || rows.length !== own.length) return 'sizes differ';
    for (let i = 0; i < own.length; i++) {
      const off = Math.abs(Number(own[i]) - Number(rows[i]));
      all++;
      if (own[i] !== -32768) valid++;
      if (off > 1) wrong++;
      else if (off === 1) moved++;
    }
  }
  await other.return(undefined);
  if (valid === 0) return 'no valid pixel';
  if (wrong > 0) return `${wrong} of ${all} pixels differ`;
  return moved > all / 1000 ? `${moved} of ${all} differ by one` : '';
}

/** Inflate and encode alone, for the ratio to the floor. */
export function floorSide(scene: string, output: string): Side {
  return {
    name: 'floor: inflate + encode only',
    commands: [{ program: process.execPath, args: [join(HERE, 'floor.ts'), scene, output] }],
    costOf: ownCost,
  };
}

function ownCost({ out, peak }: Ran): Cost {
  const line = out.trim().split('\n').at(-1) ?? '';
  const { wall, cpu } = JSON.parse(line) as { wall: number; cpu: number }; // the last line of our own scripts
  return { wall, cpu, peak };
}

/** Statistics of parcels on an index COG. */
export async function zonalContest(
  folder: string,
  cog: string,
  sizes: Sizes,
  peers: Peers,
): Promise<Contest> {
  const parcels = join(folder, 'parcels.geojson');
  await makeParcels(parcels, sizes.size, sizes.parcels, sizes.seed);
  const ours = join(folder, 'zonal-heitu.csv');
  const theirs: Side[] = [];
  const masked = join(folder, 'zonal-rasterio.csv');
  if (peers.rasterio)
    theirs.push({ name: 'rasterio.mask loop', commands: [python('rasterio_mask.py', cog, parcels, masked)] });
  const counted = join(folder, 'zonal-otb.geojson');
  if (peers.otb) {
    theirs.push({
      name: 'otb ZonalStatistics',
      commands: [
        {
          program: 'otbcli_ZonalStatistics',
          args: [
            '-in',
            cog,
            '-inbv',
            '-32768',
            '-inzone',
            'vector',
            '-inzone.vector.in',
            parcels,
            '-out',
            'vector',
            '-out.vector.filename',
            counted,
          ],
        },
      ],
    });
  }
  const queried = join(folder, 'zonal-postgis.csv');
  if (peers.postgis) {
    await run(python('postgis.py', 'load', folder, cog, parcels, String(ORIGIN.epsg)));
    // Loading the raster took longer than any query, and is not counted.
    theirs.push({
      name: 'PostGIS raster (loaded before)',
      commands: [python('postgis.py', 'query', folder, queried)],
      costOf: ownCost,
    });
  }
  return {
    title: `statistics of ${sizes.parcels} parcels`,
    megapixels: (sizes.size * sizes.size) / 1e6,
    ours: {
      name: 'heitu (exact coverage)',
      commands: [
        heitu(
          'stats',
          cog,
          parcels,
          '--statistics',
          'mean,stdev,min,max,median',
          '--id',
          'id',
          '--out',
          ours,
        ),
      ],
    },
    theirs,
    differences: async (side) => {
      const { args } = side.commands[0]!;
      const others = args.includes(counted) ? await readOtbMeans(counted) : await readMeans(args.at(-1)!);
      return compareMeans(await readMeans(ours), others);
    },
    close: async () => {
      if (peers.postgis) await run(python('postgis.py', 'drop', folder));
    },
  };
}

async function readMeans(csv: string): Promise<Map<string, number>> {
  const [head = '', ...lines] = (await readFile(csv, 'utf8')).trim().split('\n');
  const column = head.split(',').indexOf('mean');
  return new Map(lines.map((line) => [line.split(',')[0]!, Number(line.split(',')[column])]));
}

/** OTB gives the mean of counts, which stand for ten-thousandths, and none where no pixel is valid. */
async function readOtbMeans(path: string): Promise<Map<string, number>> {
  // Written by the run before.
  const { features } = JSON.parse(await readFile(path, 'utf8')) as {
    features: { properties: { id: string; mean_0?: number } }[];
  };
  const some = features.map(({ properties }) => properties).filter(({ mean_0 }) => mean_0 !== undefined);
  return new Map(some.map(({ id, mean_0 }) => [id, mean_0! * 0.0001]));
}

/** Pixel centres and exact coverage are not the same rule: means of parcels agree in the middle, not each. */
function compareMeans(ours: ReadonlyMap<string, number>, theirs: ReadonlyMap<string, number>): string {
  const off = [...theirs]
    .map(([id, mean]) => Math.abs((ours.get(id) ?? Number.NaN) - mean))
    .sort((a, b) => a - b);
  const middle = off[Math.floor(off.length / 2)] ?? Number.NaN;
  if (off.some(Number.isNaN)) return 'parcels are missing';
  return middle < 0.01 ? '' : `means differ by ${middle} in the middle`;
}

/** Polygons of a class raster. */
export async function polygonContest(folder: string, sizes: Sizes, peers: Peers): Promise<Contest> {
  const raster = join(folder, `blobs-${sizes.size}.tif`);
  await makeBlobs(raster, sizes.size, sizes.blobs, sizes.seed);
  const [ours, theirs] = [join(folder, 'polygons-heitu.geojson'), join(folder, 'polygons-gdal.geojson')];
  return {
    title: `polygons of ${sizes.blobs} blobs`,
    megapixels: (sizes.size * sizes.size) / 1e6,
    ours: { name: 'heitu', commands: [heitu('polygonize', raster, '--out', ours)] },
    theirs: peers.gdal
      ? [
          {
            name: 'gdal_polygonize',
            commands: [
              {
                program: 'bash',
                args: ['-c', 'rm -f "$1"; gdal_polygonize.py -q -f GeoJSON "$0" "$1"', raster, theirs],
              },
            ],
          },
        ]
      : [],
    differences: async () => {
      const [a, b] = [await countFeatures(ours), await countFeatures(theirs)];
      return a === b ? '' : `${a} polygons, theirs ${b}`;
    },
  };
}

async function countFeatures(path: string): Promise<number> {
  return ((await readFile(path, 'utf8')).match(/"type":\s*"Feature"/g) ?? []).length;
}

const HALF_WORLD = 20037508.342789244;

/** Map tiles of zoom 10 to 15 from an index COG. */
export async function tileContest(folder: string, cog: string, sizes: Sizes, peers: Peers): Promise<Contest> {
  const list = join(folder, 'tiles.txt');
  const palette = join(folder, 'palette.json');
  await writeFile(list, tilesOver(sizes).join('\n'));
  const samples = (name: string) => join(folder, `tiles-${name}`);
  const names = ['heitu', ...(peers.gdal ? ['gdal'] : []), ...(peers.rasterio ? ['rasterio'] : [])];
  await run({ program: 'mkdir', args: ['-p', ...names.map(samples)] });
  const tiles: Command = {
    program: process.execPath,
    args: [join(HERE, 'tiles.ts'), cog, list, palette, samples('heitu')],
  };
  // Writes the palette that the peers are given.
  await run(tiles);
  return {
    title: `${sizes.tiles} map tiles, z 10–15`,
    megapixels: null,
    ours: { name: 'heitu', commands: [tiles], costOf: ownCost },
    theirs: names.slice(1).map((name) => ({
      name,
      commands: [python('tiles.py', name, cog, list, palette, samples(name))],
      costOf: ownCost,
    })),
    differences: (side) => compareTiles(samples('heitu'), samples(side.name)),
  };
}

/** `z x y` of tiles over the bench raster: of every zoom the same share, drawn from a seed. */
function tilesOver({ size, tiles, seed }: Sizes): string[] {
  const toMercator = transformer(ORIGIN.epsg, 3857);
  const random = seeded(seed);
  return Array.from({ length: tiles }, (_, i) => {
    const z = 10 + (i % 6);
    const place = size * ORIGIN.pixel;
    const [x, y] = toMercator(
      ORIGIN.x + place * (0.1 + 0.8 * random()),
      ORIGIN.y - place * (0.1 + 0.8 * random()),
    );
    const edge = (2 * HALF_WORLD) / 2 ** z;
    return `${z} ${Math.floor((x + HALF_WORLD) / edge)} ${Math.floor((HALF_WORLD - y) / edge)}`;
  });
}

/** Share of pixels whose colours are more than two levels apart, over the tiles that were kept. */
async function compareTiles(ours: string, theirs: string): Promise<string> {
  let [all, apart] = [0, 0];
  for (const name of await readdir(theirs)) {
    const [a, b] = await Promise.all(
      [ours, theirs].map((folder) => sharp(join(folder, name)).ensureAlpha().raw().toBuffer()),
    );
    for (let i = 0; i < a!.length; i += 4) {
      all++;
      const isFar =
        [0, 1, 2].some((k) => Math.abs(a![i + k]! - b![i + k]!) > 2) && a![i + 3]! + b![i + 3]! > 0;
      if (isFar || a![i + 3] !== b![i + 3]) apart++;
    }
  }
  return apart > all * 0.02 ? `${((100 * apart) / all).toFixed(1)} % of pixels differ` : '';
}
