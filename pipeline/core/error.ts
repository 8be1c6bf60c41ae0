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
  E_FILE_CHANGED: {
    family: 'input',
    zh: '{where} 与登记时不同：{what}',
    en: '{where} is not what was recorded: {what}',
    remedy: {
      zh: '从备份恢复，或重新交付、重新处理该景',
      en: 'restore it from a backup, or deliver and process the scene again',
    },
  },
  E_FOLDER_EMPTY: {
    family: 'input',
    zh: '{where} 中没有可用的影像',
    en: 'no imagery found in {where}',
    remedy: { zh: '给出含 .tif 的交付目录', en: 'give a delivery folder that holds a .tif' },
  },
  E_FOLDER_TOO_LARGE: {
    family: 'input',
    zh: '目录 {where} 过大：{what}',
    en: 'folder {where} is too large: {what}',
    remedy: { zh: '逐个给出交付目录', en: 'name the delivery folders one by one' },
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
    zh: '{where} 是无法解开的压缩包（{what}）',
    en: '{where} is an archive that is not unpacked here ({what})',
    remedy: {
      zh: '改为 .zip、.tar 或 .tar.gz，或解开后给出目录',
      en: 'pack it as .zip, .tar or .tar.gz, or unpack it and give the folder',
    },
  },
  E_ARCHIVE_UNSAFE: {
    family: 'input',
    zh: '压缩包 {where} 中有不安全的条目：{what}',
    en: 'archive {where} holds an unsafe entry: {what}',
    remedy: {
      zh: '不要解开；请发件方只打包普通文件与目录',
      en: 'do not unpack it; ask the sender to pack plain files and folders only',
    },
  },
  E_ARCHIVE_TOO_LARGE: {
    family: 'input',
    zh: '压缩包 {where} 超出限制：{what}',
    en: 'archive {where} is beyond the limits: {what}',
    remedy: {
      zh: '确属大件时分成几包，或解开后给出目录',
      en: 'split it if it really is that large, or unpack it and give the folder',
    },
  },
  E_ARCHIVE_NESTED: {
    family: 'input',
    zh: '压缩包 {where} 内还有压缩包：{what}',
    en: 'archive {where} holds another archive: {what}',
    remedy: { zh: '先解开外层，再逐个入库', en: 'unpack the outer one, then ingest each of the inner ones' },
  },
  E_ARCHIVE_DAMAGED: {
    family: 'input',
    zh: '压缩包 {where} 已损坏或不完整：{what}',
    en: 'archive {where} is damaged or truncated: {what}',
    remedy: { zh: '重新获取该压缩包', en: 'fetch the archive again' },
  },
  E_DELIVERY_UNSETTLED: {
    family: 'input',
    zh: '{where} 仍在变化：{what}',
    en: '{where} is still changing: {what}',
    remedy: {
      zh: '复制完成后重新入库，或加大 --settle',
      en: 'ingest it again when the copy is done, or raise --settle',
    },
  },
  E_DELIVERY_INCOMPLETE: {
    family: 'input',
    zh: '{where} 缺少文件 {what}',
    en: '{where} lacks the file {what}',
    remedy: { zh: '向供应方索取完整交付', en: 'ask the vendor for the whole delivery' },
  },
  E_FILE_UNUSED: {
    family: 'input',
    zh: '{where} 已登记校验和，但不用于产品（{what}）',
    en: '{where} is kept with its checksum but nothing is made of it ({what})',
    remedy: { zh: '无需处理', en: 'nothing to do' },
  },
  E_RUN_OLDER: {
    family: 'input',
    zh: '{where} 是较早的处理批次（{what}），未采用',
    en: '{where} is of an earlier processing run ({what}) and is left aside',
    remedy: { zh: '无需处理；已有较新的批次', en: 'nothing to do: a later run is already there' },
  },
  E_RUN_LATER: {
    family: 'input',
    zh: '{where} 是较新的处理批次，取代了 {what}',
    en: '{where} is of a later processing run and takes the place of {what}',
    remedy: { zh: '运行 heitu process 重新生成产品', en: 'run heitu process to make its products' },
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
  E_RPC_INVALID: {
    family: 'input',
    zh: '{where} 的 RPC 参数无效：{what}',
    en: 'invalid camera model (RPC) in {where}: {what}',
    remedy: { zh: '向供应方重新索取 RPC 文件', en: 'ask the supplier for the RPC file again' },
  },
  E_META_ASSUMED: {
    family: 'input',
    zh: '{where} 未说明 {what}',
    en: '{where} does not say: {what}',
    remedy: { zh: '如不符，请在元数据中写明', en: 'if that is not so, have the metadata state it' },
  },
  E_META_ENCODING: {
    family: 'input',
    zh: '{where} 的文字编码有误：{what}',
    en: 'the text of {where} is in the wrong encoding: {what}',
    remedy: { zh: '存为 UTF-8 或 GBK，并与声明一致', en: 'save it as UTF-8 or GBK, as its declaration says' },
  },
  E_XML_UNSAFE: {
    family: 'input',
    zh: '{where} 含不接受的 XML 内容：{what}',
    en: '{where} holds XML that is not accepted: {what}',
    remedy: {
      zh: '去掉 DTD 与实体后重新入库',
      en: 'take DTD and entities out of it and ingest again',
    },
  },
  E_CALIBRATION_INVALID: {
    family: 'input',
    zh: '{where} 的定标系数不可用：{what}',
    en: 'the calibration in {where} cannot be used: {what}',
    remedy: {
      zh: '向供应方索取正确系数；不要自行填补',
      en: 'ask the vendor for the right coefficients; do not fill them in',
    },
  },
  E_TIME_CONFLICT: {
    family: 'input',
    zh: '{where} 的成像时间互相矛盾：{what}',
    en: 'the times of {where} contradict each other: {what}',
    remedy: { zh: '核对文件名与元数据是否属于同一景', en: 'check that name and metadata are of one scene' },
  },
  E_FOOTPRINT_CONFLICT: {
    family: 'input',
    zh: '{where} 的四至与影像位置不符：{what}',
    en: 'the footprint in {where} is not where the raster is: {what}',
    remedy: {
      zh: '核对元数据与影像是否属于同一景、经纬度是否写反',
      en: 'check that both are of one scene, and that latitude and longitude are not swapped',
    },
  },
  E_SUN_CONFLICT: {
    family: 'input',
    zh: '{where} 的太阳位置与时间地点不符：{what}',
    en: 'the sun in {where} does not stand where time and place put it: {what}',
    remedy: {
      zh: '核对成像时间的时区，以及高度角与天顶角是否混淆',
      en: 'check the time zone of the acquisition time, and elevation against zenith',
    },
  },
  E_NOT_RADIOMETRIC: {
    family: 'input',
    zh: '{where} 不能用作反射率：{what}',
    en: '{where} cannot serve as reflectance: {what}',
    remedy: {
      zh: '索取 L1 级 MSS；仅作图内比较时用 heitu.json 说明 encoding 为 relative',
      en: 'ask for the L1 MSS image; for use within the image only, describe it in heitu.json with encoding relative',
    },
  },
  E_JP2_UNREAD: {
    family: 'input',
    zh: '{where} 的波段是 JPEG 2000，无法读取：{what}',
    en: 'the bands of {where} are JPEG 2000, which is not read: {what}',
    remedy: {
      zh: '逐个转换后放在原处：gdal_translate B04.jp2 B04.tif',
      en: 'convert each beside itself, gdal_translate B04.jp2 B04.tif, and ingest again',
    },
  },
  E_NO_DARK_OBJECT: {
    family: 'input',
    zh: '{where} 中没有可用的暗目标：{what}',
    en: 'no dark object in {where} for band {what}',
    remedy: {
      zh: '改用 boa（ATM-A）或 toa 定标',
      en: 'calibrate with boa (ATM-A) or toa instead',
    },
  },
  E_NORMALISE_REFUSED: {
    family: 'input',
    zh: '{where} 未能归一化到参考影像：{what}',
    en: '{where} could not be normalised to its reference: {what}',
    remedy: {
      zh: '换用日期相近、重叠更大的无云参考影像，或改用绝对定标',
      en: 'use a cloud-free reference closer in time with more overlap, or calibrate absolutely',
    },
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
  E_TABLE_INVALID: {
    family: 'input',
    zh: '表格 {where} 无法使用：{what}',
    en: 'table {where} cannot be used: {what}',
    remedy: { zh: '更正后重新运行', en: 'correct the table and run it again' },
  },
  E_UNIT_INVALID: {
    family: 'input',
    zh: '{where} 的产量单位不可用：{what}',
    en: 'the yield unit of {where} cannot be used: {what}',
    remedy: {
      zh: '用 --unit 说明一个单位：kg/ha、t/ha、斤/亩、kg/亩、bu/ac；单位不同的行分成几个文件',
      en: 'state one with --unit: kg/ha, t/ha, 斤/亩, kg/亩, bu/ac; split rows of different units into files',
    },
  },
  E_TRUTH_SHORT: {
    family: 'input',
    zh: '{where} 的实测产量不足以拟合：{what}',
    en: '{where} holds too little truth to fit a model: {what}',
    remedy: { zh: '增加样方、年份，或换用更简单的模型', en: 'add plots or years, or choose a simpler model' },
  },
  E_WEATHER_INVALID: {
    family: 'input',
    zh: '气象数据 {where} 无法使用：{what}',
    en: 'weather {where} cannot be used: {what}',
    remedy: { zh: '补齐或更正后重新运行', en: 'complete or correct it and run it again' },
  },
  E_CARD_INVALID: {
    family: 'input',
    zh: '模型卡 {where} 无法载入：{what}',
    en: 'model card {where} does not load: {what}',
    remedy: {
      zh: '用 heitu yield fit 或 heitu crop fit 重新拟合；不要手工改写模型卡',
      en: 'fit it again with heitu yield fit or heitu crop fit; cards are not edited by hand',
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
  /** Place in a text that was typed, from 1, for who marks it there. */
  readonly column?: number;
  /** The element of a metadata file that is wrong, by its own name. */
  readonly element?: string;
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
  const { message, remedy } = wordsOf(code, details, language);
  return `${message}${language === 'zh' ? '；' : '; '}${remedy}`;
}

/** What happened and what to do about it, from the error's row, in one language. */
export function wordsOf(
  code: ErrorCode,
  details: ErrorDetails,
  language: 'zh' | 'en',
): { readonly message: string; readonly remedy: string } {
  const row: ErrorRow = ERRORS[code];
  const fill = (text: string) =>
    text
      .replace('{what}', () => oneLine(details.what ?? ''))
      .replace('{where}', () => oneLine(details.where ?? ''));
  return { message: fill(row[language]), remedy: fill(row.remedy[language]) };
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
