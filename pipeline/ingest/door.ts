import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { asHeituError, HeituError } from '../core/error.ts';
import type { Classification, Scene, SceneFile } from '../core/scene.ts';
import { checkFootprint, checkSun } from './checks.ts';
import { MAX_XML_BYTES } from './elements.ts';
import { errorOf, type Finding, findingOf, remark } from './finding.ts';
import { openRaster, placedGrid, type RasterInfo } from './geotiff.ts';
import { type DeliveryKind, KINDS } from './kinds.ts';
import { placeBands } from './place.ts';
import type { Bag, Delivery, Told } from './told.ts';

/** What the door says of a delivery. */
export interface Examined {
  /** Null when it was refused, or when nothing is made of its kind. */
  readonly scene: Scene | null;
  /** Over the checksums of all files that pixels or numbers come from; null when it was refused. */
  readonly fingerprint: string | null;
  readonly findings: readonly Finding[];
  /** Every file of it that could be read, with its checksum. */
  readonly files: readonly SceneFile[];
}

export interface ExamineOptions {
  /** False for a scene that no catalogue keeps: then no checksums are taken, and it has no files. */
  readonly isKept?: boolean;
}

/**
 * Opens a delivery, checks that name, metadata and rasters agree, and makes the scene of it. What is wrong with the delivery
 * becomes a finding of severity `error`; throws only for what is no fault of it.
 */
export async function examine(delivery: Delivery, { isKept = true }: ExamineOptions = {}): Promise<Examined> {
  const { folder, image } = delivery;
  const kind: DeliveryKind = KINDS[delivery.kind];
  const files: SceneFile[] = [];
  const findings: Finding[] = [];
  try {
    if (isKept) for (const name of delivery.files) files.push(await checksum(delivery, name));
    const bag = bagOf(delivery);
    if (kind.read === null) {
      await checkWhole(folder, [image]);
      const what = 'nothing is made of it alone';
      return {
        scene: null,
        fingerprint: fingerprintOf(files),
        findings: [remark('E_FILE_UNUSED', 'note', { file: image, what })],
        files,
      };
    }
    const told = await kind.read(bag);
    findings.push(...told.findings);
    const { scene, used } = await toScene(told, bag, kind, files, findings);
    findings.push(...(await checkCompanions(delivery, used)));
    // Another description of the same file makes other reflectance of it: that is a correction, not a re-delivery.
    const description = delivery.description === null ? '' : JSON.stringify(delivery.description);
    const essential = files.filter((file) => used.includes(file.name));
    return { scene, fingerprint: fingerprintOf(essential, description), findings, files };
  } catch (thrown) {
    // A full disk or a database that is away is no fault of the delivery; a fault of ours is, as far as the rest of the
    // batch is concerned.
    if (thrown instanceof HeituError && thrown.family !== 'input') throw thrown;
    const error = asHeituError(thrown, 'E_INTERNAL', join(folder, image));
    return {
      scene: null,
      fingerprint: null,
      findings: [...findings, findingOf(error, delivery)],
      files,
    };
  }
}

/** The scene of one delivery for those who need nothing else of it; throws what keeps it out. */
export async function admit(
  delivery: Delivery,
  options: ExamineOptions = {},
): Promise<{ readonly scene: Scene; readonly fingerprint: string }> {
  const { scene, fingerprint, findings } = await examine(delivery, options);
  if (scene !== null && fingerprint !== null) return { scene, fingerprint };
  const finding = findings.find((one) => one.severity === 'error') ?? findings[0]!;
  throw errorOf(finding);
}

/** The scene, and the names of the files that its pixels and numbers come from. */
async function toScene(
  told: Told,
  bag: Bag,
  kind: DeliveryKind,
  files: readonly SceneFile[],
  findings: Finding[],
): Promise<{ readonly scene: Scene; readonly used: readonly string[] }> {
  const { delivery } = bag;
  const names = [...new Set(told.bands.map((band) => band.file))];
  await checkWhole(delivery.folder, names);
  const rasters = new Map<string, RasterInfo>();
  for (const name of names) rasters.set(name, await bag.raster(name));
  const where = delivery.metadata ?? delivery.image;
  const placed = await placeBands(told, rasters, bag, kind.rpc);
  findings.push(...placed.findings);
  const { bbox } = placed;
  if (told.footprint !== null) findings.push(...checkFootprint(bbox, told.footprint, where));
  // Descriptions say nothing of the sun, and nothing of theirs depends on it.
  const isTold = told.encoding === 'radiance' || told.sunElevation !== null;
  const sun = isTold
    ? checkSun(
        { elevation: told.sunElevation, azimuth: told.sunAzimuth },
        {
          datetime: told.datetime,
          middle: [(bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2],
          isRadiance: told.encoding === 'radiance',
        },
        where,
      )
    : { elevation: null, azimuth: told.sunAzimuth, findings: [] };
  findings.push(...sun.findings);
  const first = rasters.get(told.bands[0]!.file)!;
  const classification = await classificationOf(told, bag, findings);
  const scene: Scene = {
    id: told.id,
    collection: told.collection,
    sensor: told.sensor,
    datetime: told.datetime,
    level: told.level,
    encoding: told.encoding,
    radiometry: told.radiometry,
    bits: told.bits,
    nodata: delivery.description?.nodata ?? first.nodata ?? told.nodata,
    bands: placed.bands,
    grid: placed.grid,
    bbox,
    sunElevation: sun.elevation,
    sunAzimuth: sun.azimuth,
    viewZenith: told.viewZenith,
    viewAzimuth: told.viewAzimuth,
    run: told.run,
    atmosphere: told.atmosphere,
    elevation: null,
    classification,
    cloudPercent: told.cloudPercent,
    folder: delivery.folder,
    files,
    simulated: told.simulated,
  };
  const used = [
    ...names,
    ...(delivery.metadata === null ? [] : [delivery.metadata]),
    ...placed.rpcFiles,
    ...(classification === null ? [] : [classification.file]),
  ];
  return { scene, used };
}

/** The vendor's classes on their own grid; one that cannot be read is left out, for masks do without. */
async function classificationOf(told: Told, bag: Bag, findings: Finding[]): Promise<Classification | null> {
  if (told.classification === null) return null;
  const { kind, file } = told.classification;
  try {
    await checkWhole(bag.delivery.folder, [file]);
    return { kind, file, number: 1, grid: placedGrid(await bag.raster(file), file) };
  } catch (thrown) {
    const error = asHeituError(thrown, 'E_TIFF_DAMAGED', file);
    findings.push({ ...findingOf(error, bag.delivery), severity: 'warning' });
    return null;
  }
}

/** Images that nothing is made of are looked at too: a damaged one is worth a word. */
async function checkCompanions(delivery: Delivery, used: readonly string[]): Promise<Finding[]> {
  const { folder, files } = delivery;
  const findings: Finding[] = [];
  for (const file of files.filter((name) => /\.tiff?$/i.test(name) && !used.includes(name))) {
    try {
      await checkWhole(folder, [file]);
    } catch (thrown) {
      const error = asHeituError(thrown, 'E_TIFF_DAMAGED', file);
      findings.push({ ...findingOf(error, delivery), severity: 'warning' });
    }
  }
  return findings;
}

function bagOf(delivery: Delivery): Bag {
  const { folder } = delivery;
  const infos = new Map<string, RasterInfo>();
  return {
    delivery,
    bytes: async (file) => {
      const path = join(folder, file);
      const info = await stat(path).catch(() => null);
      if (info === null) throw new HeituError('E_DELIVERY_INCOMPLETE', { where: delivery.image, what: file });
      if (info.size > MAX_XML_BYTES)
        throw new HeituError('E_META_INVALID', { where: file, what: `larger than ${MAX_XML_BYTES} bytes` });
      return readFile(path);
    },
    raster: async (file) => {
      const known = infos.get(file);
      if (known !== undefined) return known;
      const raster = await openRaster(join(folder, file));
      await raster.close();
      infos.set(file, raster.info);
      return raster.info;
    },
  };
}

async function checkWhole(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const raster = await openRaster(join(folder, name));
    try {
      raster.checkWhole();
    } finally {
      await raster.close();
    }
  }
}

async function checksum({ folder, image }: Delivery, name: string): Promise<SceneFile> {
  const path = join(folder, name);
  const info = await stat(path).catch(() => null);
  if (info === null) throw new HeituError('E_DELIVERY_INCOMPLETE', { where: image, what: name });
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return { name, bytes: info.size, sha256: hash.digest('hex') };
}

/** One checksum for a delivery: over its files' checksums in order, so that names and folders do not matter. */
function fingerprintOf(files: readonly SceneFile[], told = ''): string {
  const sums = files.map((file) => file.sha256).sort();
  return createHash('sha256')
    .update([...sums, told].join('\n'))
    .digest('hex');
}
