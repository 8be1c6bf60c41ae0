import { ERRORS, type ErrorCode } from '../../pipeline/core/error.ts';
import { ARCHIVE_LIMITS } from '../../pipeline/ingest/archive.ts';
import { type DeliveryKind, KINDS } from '../../pipeline/ingest/kinds.ts';
import { GAOFEN_GAINS } from '../../pipeline/sensors/gaofen-gains.ts';
import type { SensorRow } from '../../pipeline/sensors/row.ts';
import { SENSORS } from '../../pipeline/sensors/table.ts';

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

/** Levels of Jilin-1 products (JILIN1.md 2.2) and what becomes of each. */
const LEVELS: readonly (readonly [level: string, what: string, becomes: string])[] = [
  [
    'L1, L1A',
    'radiometric and sensor correction, with a camera model',
    'a scene; laid on the ground by its camera model when it has no georeference',
  ],
  ['L1C', 'GP only: blue, green, red, near infrared in one image, super-resolved', 'a scene'],
  ['L3C, L3D `_MSS`', 'orthorectified', 'a scene, on its own grid'],
  [
    'L3C, L3D `_PSH`',
    'orthorectified and pan-sharpened, mostly three bands of 8 bits',
    'refused as reflectance; taken as `relative` with a `heitu.json` that says so',
  ],
];

/** What the door may say, in the order of docs. */
const DOOR_CODES: readonly ErrorCode[] = [
  'E_ARCHIVE_UNSAFE',
  'E_ARCHIVE_TOO_LARGE',
  'E_ARCHIVE_NESTED',
  'E_ARCHIVE_DAMAGED',
  'E_ARCHIVE_PACKED',
  'E_FOLDER_EMPTY',
  'E_FOLDER_TOO_LARGE',
  'E_DELIVERY_UNSETTLED',
  'E_DELIVERY_INCOMPLETE',
  'E_NAME_GRAMMAR',
  'E_META_MISSING',
  'E_META_INVALID',
  'E_META_ENCODING',
  'E_META_ASSUMED',
  'E_XML_UNSAFE',
  'E_CALIBRATION_INVALID',
  'E_TIME_CONFLICT',
  'E_SUN_CONFLICT',
  'E_FOOTPRINT_CONFLICT',
  'E_BAND_MISSING',
  'E_NOT_RADIOMETRIC',
  'E_RPC_INVALID',
  'E_CRS_UNKNOWN',
  'E_GRID_MISMATCH',
  'E_JP2_UNREAD',
  'E_NOT_TIFF',
  'E_TIFF_DAMAGED',
  'E_FILE_UNUSED',
  'E_SCENE_CONFLICT',
  'E_RUN_LATER',
  'E_RUN_OLDER',
];

/** What no public source tells of Jilin-1 (JILIN1.md), and what is done until a real scene does. */
const WAITING: readonly (readonly [fact: string, until: string])[] = [
  [
    'unit of `AbsCalibrationGain` and `AbsCalibrationBias`',
    'W m-2 sr-1 µm-1; a list whose largest DN is under 1 or over 10,000 is refused',
  ],
  ['whether the lists of PMS files hold four numbers', 'any other number is refused'],
  ['whether `SolarElevation` is written at all', 'computed from time and place where it is not, and said'],
  [
    'syntax of `_rpc.txt`, and whether its first pixel centre is 0 or 0.5',
    'IKONOS, GDAL and DigitalGlobe styles; 0',
  ],
  [
    'whether L1 images carry a georeference, a nodata tag or ground control points',
    'a georeference wins over the camera model; DN 0 is no data where no tag says otherwise',
  ],
  [
    'band limits of green, red and near infrared; limits of GF02, GF04 to GF07, KF',
    'nominal PMS limits; E0 ±2 %',
  ],
  [
    'wavelengths of the 20 GP bands, and names of its infrared files',
    'B3 to B6 are used; others when their description tells a wavelength',
  ],
  ['meaning of the values of `_cloud.TIF`', 'kept with its checksum, not used'],
  [
    'difference between L3C and L3D, and whether any `_PSH` has 16 bits and coefficients',
    '`_PSH` is refused as reflectance',
  ],
  ['zone of `acquisition_time` in the GP reflectance release', 'Beijing time, and said'],
  [
    'pixel of the multispectral image of KF01A and KF02A',
    'four times the panchromatic one, which changed on 2021-12-05 and 2023-12-01',
  ],
];

const GIB = 2 ** 30;

/** docs/deliveries.md. */
export function deliveriesPage(table: Table): string {
  const kinds = Object.values(KINDS) as DeliveryKind[];
  const sensors = (Object.entries(SENSORS) as [string, SensorRow][]).filter(
    ([, row]) => row.satellites.length > 0,
  );
  const cameras = [...new Set(GAOFEN_GAINS.map((row) => row.camera))];
  const limits = ARCHIVE_LIMITS;
  return `# Deliveries

Generated from the source by \`npm run docs\`; do not edit.

\`heitu ingest PATH…\` takes folders, \`.zip\`, \`.tar\` and \`.tar.gz\`, single images or their metadata file. Every delivery is looked at
by itself; one that is refused stays where it is, its reason goes to \`quarantine/\` and to the database, and the rest goes on.

\`\`\`sh
npx heitu ingest --report inbox/      # verdicts, findings and remedies as a table; --json for programs
curl 'http://127.0.0.1:8080/collections/deliveries/items?verdict=quarantined&datetime=2024-07-15/..'
\`\`\`

The verdict is **accepted**, **duplicate** (the same content, or an earlier processing run of a scene that is there) or
**quarantined** (a finding of severity *error*). A finding has a code, a severity (*note*, *warning*, *error*), a file, the element of
the metadata where there is one, and the remedy. Files are read when size and time have not changed for \`--settle\` seconds
(1 by default; half an hour is waited at most). Every file gets its sha256, thumbnails too; the fingerprint that tells a re-delivery from
a correction is over those that pixels and numbers come from.

A scene of a later processing run (\`_002\` after \`_001\`, a later Sentinel-2 baseline, a later Landsat processing date) takes the place of the earlier
one, which stays under \`<id>@<run>\`, retired with its products. An earlier run that comes later is left aside. Other content under
the same run is refused: retire the old scene first.

## Kinds

A folder is asked for them in this order.

${table(
  ['kind', 'title', 'recognised by', 'needs', 'read', 'refused'],
  kinds.map((kind) => [kind.title.zh, kind.title.en, kind.recognised, kind.needs, kind.reads, kind.refuses]),
)}

## Levels of Jilin-1

${table(['level', 'what it is', 'what becomes of it'], LEVELS)}

## Satellites

By the beginning of the satellite code, with the camera where a satellite carries several. Without red or near infrared nothing that is
published can be made: such cameras are refused with their bands named.

${table(
  [
    'codes',
    'sensor',
    'bands in file order',
    'bits',
    'pixel',
    'where this comes from, and what is not confirmed',
  ],
  sensors.map(([id, row]) => [
    row.satellites.join(', '),
    id,
    row.bands.map((band) => band.name).join(', '),
    String(row.bits),
    `${row.gsd} m`,
    row.source,
  ]),
)}

## Coefficients of Gaofen

\`AbsCeof\` in the metadata goes first. Without it the coefficients that CRESDA publishes for the year are taken, else those of the latest year before;
both are said in a warning. Rows are collected from up to three public tables that agree
([\`sensors/gaofen-gains.ts\`](../pipeline/sensors/gaofen-gains.ts)).

${table(
  ['camera', 'years', 'in doubt'],
  cameras.map((camera) => {
    const rows = GAOFEN_GAINS.filter((row) => row.camera === camera);
    const doubts = rows.flatMap((row) => (row.doubt === undefined ? [] : [`${row.year} ${row.doubt}`]));
    return [camera, rows.map((row) => String(row.year)).join(' '), doubts.join('; ')];
  }),
)}

## Archives

Only plain files and folders are made, in a folder of their own under \`inbox/unpacked/\` of the workspace that appears whole or not at all. Names that
climb out, are absolute, name a drive, hold a backslash, a NUL or control characters, or differ only by upper and lower
case, and links, devices, pipes and sparse files are refused; so are archives in archives. Names in zips and tars are UTF-8 or GBK.

${table(
  ['limit', 'value'],
  [
    ['packed', `${limits.packedBytes / GIB} GiB`],
    ['unpacked', `${limits.totalFactor} times the packed size and ${limits.totalBytes / GIB} GiB`],
    ['one entry', `${limits.entryBytes / GIB} GiB`],
    ['unpacked to packed', `${limits.ratio} : 1, once over ${limits.ratioFrom / 2 ** 20} MiB`],
    ['entries', String(limits.entries)],
    ['archives inside', '0'],
  ],
)}

What is claimed is checked before, and what comes is counted as it comes.

## Findings

${table(
  ['code', '说明', 'message', 'what to do'],
  DOOR_CODES.map((code) => [code, ERRORS[code].zh, ERRORS[code].en, ERRORS[code].remedy.en]),
)}

## What waits for a real Jilin-1 scene

No original \`_meta.xml\`, \`_rpc.txt\` or L1 image of Jilin-1 is public. One full scene of each family would settle these:

${table(['fact', 'until then'], WAITING)}

By kind: ${kinds
    .filter((kind) => kind.waits !== '–')
    .map((kind) => `${kind.title.en}: ${kind.waits}`)
    .join('. ')}.
`;
}
