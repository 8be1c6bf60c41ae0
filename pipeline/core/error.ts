/** What kind of trouble: `input` is the file's fault, `asker` the request's, `machine` ours. */
export type ErrorFamily = 'input' | 'asker' | 'machine';

export interface ErrorRow {
  readonly family: ErrorFamily;
  /** What happened; `{what}` and `{where}` are filled in. */
  readonly zh: string;
  readonly en: string;
  /** What the reader can do about it. */
  readonly remedy: { readonly zh: string; readonly en: string };
}

/** Every error Heitu reports, one row each. The CLI knows their exit codes, `api/errors.ts` their HTTP statuses. */
export const ERRORS = {
  E_FILE_MISSING: {
    family: 'input',
    zh: '找不到文件 {what}',
    en: 'no such file: {what}',
    remedy: { zh: '检查路径', en: 'check the path' },
  },
  E_FOLDER_EMPTY: {
    family: 'input',
    zh: '{where} 中没有可用的影像',
    en: 'no imagery found in {where}',
    remedy: { zh: '给出含 .tif 的交付目录', en: 'give a delivery folder that holds a .tif' },
  },
  E_NOT_TIFF: {
    family: 'input',
    zh: '{where} 不是 TIFF 文件（{what}）',
    en: '{where} is not a TIFF file ({what})',
    remedy: { zh: '重新下载或导出为 GeoTIFF', en: 'fetch it again or export it as GeoTIFF' },
  },
  E_TIFF_DAMAGED: {
    family: 'input',
    zh: '{where} 已损坏或不完整：{what}',
    en: '{where} is damaged or truncated: {what}',
    remedy: { zh: '重新获取该文件', en: 'fetch the file again' },
  },
  E_TIFF_UNSUPPORTED: {
    family: 'input',
    zh: '{where} 的编码无法读取：{what}',
    en: '{where} uses an encoding that is not read: {what}',
    remedy: {
      zh: '用 gdal_translate 转存为 deflate 压缩',
      en: 'rewrite it, e.g. gdal_translate -co COMPRESS=DEFLATE',
    },
  },
  E_TIFF_TOO_LARGE: {
    family: 'input',
    zh: '{where} 声明的大小超出限制：{what}',
    en: '{where} declares a size beyond the limit: {what}',
    remedy: {
      zh: '检查文件头；确属大图时拆分',
      en: 'check the header; split the file if it really is that large',
    },
  },
  E_CRS_UNKNOWN: {
    family: 'input',
    zh: '{where} 的坐标系无法识别：{what}',
    en: '{where} has an unknown coordinate system: {what}',
    remedy: {
      zh: '用 --epsg 指明，或用 gdal_edit -a_srs 写入',
      en: 'state it with --epsg, or write it with gdal_edit -a_srs',
    },
  },
  E_GRID_MISMATCH: {
    family: 'input',
    zh: '{where} 的网格不一致：{what}',
    en: 'grids differ in {where}: {what}',
    remedy: { zh: '先重采样到同一网格', en: 'resample them to one grid first' },
  },
  E_BAND_MISSING: {
    family: 'input',
    zh: '缺少波段 {what}（现有：{where}）',
    en: 'band {what} is missing (there are: {where})',
    remedy: {
      zh: '用 --bands 指明波段，如 B=1,G=2,R=3,N=4',
      en: 'name the bands, e.g. --bands B=1,G=2,R=3,N=4',
    },
  },
  E_NAME_GRAMMAR: {
    family: 'input',
    zh: '{where} 的文件名不符合任何已知规则',
    en: 'the name of {where} follows no known grammar',
    remedy: {
      zh: '用 --datetime 与 --sensor 说明，或在旁边放 .heitu.json',
      en: 'state --datetime and --sensor, or put a .heitu.json beside it',
    },
  },
  E_ARCHIVE_PACKED: {
    family: 'input',
    zh: '{where} 是压缩包，尚未解开',
    en: '{where} is a packed archive',
    remedy: { zh: '解开后给出目录', en: 'unpack it and give the folder' },
  },
  E_META_MISSING: {
    family: 'input',
    zh: '{where} 缺少元数据 {what}',
    en: '{where} lacks the metadata {what}',
    remedy: { zh: '补齐 _meta.xml，或用参数说明', en: 'complete the _meta.xml, or state it by a flag' },
  },
  E_META_INVALID: {
    family: 'input',
    zh: '{where} 的元数据无效：{what}',
    en: 'invalid metadata in {where}: {what}',
    remedy: { zh: '更正该字段后重新入库', en: 'correct that element and ingest again' },
  },
  E_VECTOR_INVALID: {
    family: 'input',
    zh: '{where} 中的图形无效：{what}',
    en: 'invalid shape in {where}: {what}',
    remedy: { zh: '在 GIS 中修复该图形', en: 'repair the shape in a GIS' },
  },
  E_OUTSIDE_IMAGE: {
    family: 'input',
    zh: '{where} 全部位于影像之外：{what}',
    en: 'all of {where} lies outside the image: {what}',
    remedy: { zh: '检查坐标系与影像', en: 'check the coordinate system and the image' },
  },
  E_SCENE_CONFLICT: {
    family: 'input',
    zh: '影像 {what} 已入库且内容不同（{where}）',
    en: 'scene {what} is already there with other content ({where})',
    remedy: {
      zh: '确认后先用 heitu scene retire 停用旧影像',
      en: 'if it is a correction, retire the old one with heitu scene retire',
    },
  },
  E_USAGE: {
    family: 'asker',
    zh: '用法错误：{what}',
    en: 'wrong usage: {what}',
    remedy: { zh: '见 heitu {where} --help', en: 'see heitu {where} --help' },
  },
  E_PARAMETER_INVALID: {
    family: 'asker',
    zh: '参数 {where} 无效：{what}',
    en: 'parameter {where} is not valid: {what}',
    remedy: { zh: '见 /api 中该参数的说明', en: 'see its description in /api' },
  },
  E_PARAMETER_UNKNOWN: {
    family: 'asker',
    zh: '不认识的参数 {what}',
    en: 'unknown parameter {what}',
    remedy: { zh: '可用参数：{where}', en: 'known ones: {where}' },
  },
  E_METHOD_INVALID: {
    family: 'asker',
    zh: '此地址不支持 {what}',
    en: '{what} is not allowed at this address',
    remedy: { zh: '可用：{where}', en: 'use {where}' },
  },
  E_INDEX_UNKNOWN: {
    family: 'asker',
    zh: '没有指数 {what}',
    en: 'no such index: {what}',
    remedy: { zh: '可用：{where}', en: 'known ones: {where}' },
  },
  E_PRODUCT_UNKNOWN: {
    family: 'asker',
    zh: '没有产品 {what}',
    en: 'no such product: {what}',
    remedy: { zh: '可用：{where}', en: 'known ones: {where}' },
  },
  E_FORMULA_SYNTAX: {
    family: 'asker',
    zh: '公式 {where} 有误：{what}',
    en: 'formula {where} cannot be read: {what}',
    remedy: {
      zh: '只用 + - * / **、括号与所列函数',
      en: 'use + - * / **, brackets and the listed functions only',
    },
  },
  E_NOT_FOUND: {
    family: 'asker',
    zh: '没有 {what}',
    en: 'there is no {what}',
    remedy: { zh: '从 {where} 查看现有内容', en: 'look at {where} for what there is' },
  },
  E_TIMEOUT: {
    family: 'machine',
    zh: '{where} 超时（{what}）',
    en: '{where} took too long ({what})',
    remedy: { zh: '缩小范围或稍后重试', en: 'ask for less, or try again later' },
  },
  E_STORE_UNAVAILABLE: {
    family: 'machine',
    zh: '数据库不可用：{what}',
    en: 'the database is not available: {what}',
    remedy: { zh: '检查 {where} 后重试', en: 'check {where}, then try again' },
  },
  E_STORE_LOCKED: {
    family: 'machine',
    zh: '{where} 的数据库正被进程 {what} 占用',
    en: 'the database in {where} is held by process {what}',
    remedy: { zh: '等它结束，或另选 HEITU_WORKSPACE', en: 'wait for it, or choose another HEITU_WORKSPACE' },
  },
  E_WRITE_FAILED: {
    family: 'machine',
    zh: '无法写入 {where}：{what}',
    en: 'cannot write {where}: {what}',
    remedy: { zh: '检查磁盘空间与权限后重新运行', en: 'check disk space and rights, then run it again' },
  },
  E_INTERNAL: {
    family: 'machine',
    zh: '内部错误：{what}',
    en: 'internal error: {what}',
    remedy: {
      zh: '加 --debug 重新运行并附上输出报告',
      en: 'run it again with --debug and report what it prints',
    },
  },
  E_KERNEL_FAILED: {
    family: 'machine',
    zh: '{where} 计算失败：{what}',
    en: 'the {where} kernel failed: {what}',
    remedy: { zh: '用 --backend cpu 重试', en: 'try again with --backend cpu' },
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  readonly what?: string;
  readonly where?: string;
  readonly cause?: unknown;
}

/** One error a person can act on: code, what, where and what to do, in both languages. */
export class HeituError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(sentence(code, details, 'en'), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HeituError';
    this.code = code;
    this.details = details;
  }

  get family(): ErrorFamily {
    return ERRORS[this.code].family;
  }

  /** `band N is missing (there are: B, G, R); name the bands, e.g. …`, one line, without the code. */
  in(language: 'zh' | 'en'): string {
    return sentence(this.code, this.details, language);
  }
}

function sentence(code: ErrorCode, details: ErrorDetails, language: 'zh' | 'en'): string {
  const row: ErrorRow = ERRORS[code];
  const fill = (text: string) =>
    text
      .replace('{what}', () => oneLine(details.what ?? ''))
      .replace('{where}', () => oneLine(details.where ?? ''));
  return `${fill(row[language])}${language === 'zh' ? '；' : '; '}${fill(row.remedy[language])}`;
}

/** File names and parser messages come from outside: control characters must not forge log lines or move the cursor. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, 400);
}

/** Any thrown value as a HeituError; what is not one already becomes `fallback` with its message. */
export function asHeituError(error: unknown, fallback: ErrorCode, where?: string): HeituError {
  if (error instanceof HeituError) return error;
  const what = error instanceof Error ? error.message : String(error);
  return new HeituError(
    fallback,
    where === undefined ? { what, cause: error } : { what, where, cause: error },
  );
}
