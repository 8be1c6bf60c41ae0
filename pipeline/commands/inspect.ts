import { type Inspection, inspectRaster } from '../ingest/geotiff.ts';
import { type CommandRow, needFiles } from './command.ts';

export const INSPECT: CommandRow = {
  operands: 'FILE…',
  summary: {
    zh: '查看栅格：大小、类型、坐标系、编码，以及各波段的统计',
    en: 'what a raster is: size, dtype, CRS, encoding, and statistics of its bands',
  },
  options: {},
  examples: ['heitu inspect scene_MSS.tif', 'heitu inspect --json *.tif'],
  run: async (call) => {
    const { terminal } = call;
    let failed = false;
    for (const file of needFiles(call, 'inspect')) {
      const found = await inspectRaster(file);
      failed ||= !found.ok;
      if (call.flag('json')) terminal.print(JSON.stringify(found));
      if (found.error !== null) terminal.note(`${found.error.code}: ${found.error.message}`);
      else if (!call.flag('json')) terminal.print(page(found));
    }
    return failed ? 1 : 0;
  },
};

/** The facts as aligned lines for a person. */
function page(found: Inspection): string {
  const { transform: t } = found;
  const points = found.gcpCount === 0 ? '' : `, ${found.gcpCount} ground control points`;
  const place = t === null ? `no transform${points}` : `origin ${t[0]}, ${t[3]}; pixel ${t[1]} × ${t[5]}`;
  const overviews =
    (found.overviews ?? []).map((level) => `${level.width}×${level.height}`).join(' ') || 'none';
  const bands = (found.bands ?? []).map(
    (band, i) =>
      `  ${String(i + 1).padStart(3)} ${(band.name ?? '').padEnd(16)} min ${short(band.min)}  max ${short(band.max)}  mean ${short(band.mean)}  valid ${band.validCount}`,
  );
  return [
    found.file,
    `  size      ${found.width} × ${found.height} px, ${found.bandCount} band(s), ${found.dtype}`,
    `  crs       ${crsOf(found)}; ${place}`,
    ...(found.rpc === null ? [] : ['  rpc       a camera model (RPC00B)']),
    `  nodata    ${found.nodata ?? 'none'}`,
    ...maskLines(found),
    `  blocks    ${found.block?.join(' × ')}, ${found.compression}, predictor ${found.predictor}, ${found.bigTiff ? 'BigTIFF' : 'TIFF'}${found.bigEndian ? ', big-endian' : ''}`,
    `  overviews ${overviews}; ${found.cog ? 'laid out as a COG' : 'not a COG'}`,
    ...bands,
    ...found.notes.map((note) => `  note      ${note}`),
  ].join('\n');
}

function crsOf({ epsg, crsName }: Inspection): string {
  if (epsg !== null) return `EPSG:${epsg}`;
  return crsName === null
    ? 'unknown'
    : `no EPSG code (${crsName.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, 120)})`;
}

function maskLines({ mask, width, height }: Inspection): string[] {
  if (mask === null) return [];
  const of = (width ?? 0) * (height ?? 0);
  return [
    `  mask      ${mask.kind}${mask.validCount === null ? '' : `, leaves ${mask.validCount} of ${of} pixels`}`,
  ];
}

function short(value: number | null): string {
  return (value === null ? '–' : Number(value.toPrecision(6)).toString()).padEnd(10);
}
