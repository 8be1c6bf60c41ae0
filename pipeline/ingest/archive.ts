import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createGunzip } from 'node:zlib';
import * as tar from 'tar-stream';
import yauzl from 'yauzl';
import { HeituError } from '../core/error.ts';
import {
  checkEntryName,
  decodeEntryName,
  isPackedName,
  MAGIC_BYTES,
  nameKey,
  packedContent,
} from './entry-name.ts';

/** What one archive may cost (SAFETY.md section 4). */
export interface ArchiveLimits {
  readonly packedBytes: number;
  readonly entries: number;
  /** Unpacked bytes: at most `totalFactor` times the packed ones and `totalBytes` more. */
  readonly totalFactor: number;
  readonly totalBytes: number;
  readonly entryBytes: number;
  /** Unpacked to packed bytes, of one entry and of all that came so far, once they are over `ratioFrom` bytes. */
  readonly ratio: number;
  readonly ratioFrom: number;
}

const GIB = 2 ** 30;

export const ARCHIVE_LIMITS: ArchiveLimits = {
  packedBytes: 8 * GIB,
  entries: 10_000,
  totalFactor: 4,
  totalBytes: 2 * GIB,
  entryBytes: 8 * GIB,
  ratio: 200,
  ratioFrom: 16 * 2 ** 20,
};

/** What came out of an archive. */
export interface Unpacked {
  readonly folder: string;
  readonly files: number;
  readonly bytes: number;
}

const PARTIAL = /\.partial-[A-Za-z0-9]{6}$/;

/** True for a file that is unpacked by its name. */
export function isArchiveName(name: string): boolean {
  return /\.(zip|tar|tar\.gz|tgz)$/i.test(name);
}

/** True for the name of a packed file of a kind that is not unpacked. */
export function isForeignArchiveName(name: string): boolean {
  return /\.(7z|rar|tar\.(bz2|xz|zst)|tbz2?|txz)$/i.test(name);
}

/** Where an archive is unpacked below a folder: by its stem and the checksum of its bytes, so that the same one is found again. */
export async function unpackedFolder(path: string, root: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  const stem = basename(path)
    .replace(/\.(zip|tar|tar\.gz|tgz)$/i, '')
    .replace(/[^\p{L}\p{N}._-]/gu, '_')
    .slice(0, 80);
  return join(root, `${stem}-${hash.digest('hex').slice(0, 12)}`);
}

/**
 * Unpacks a .tar, .tar.gz or .zip (by its first bytes, whatever its name) into `folder`, which appears whole or not at
 * all; one that is already there is left as it is. Only plain files and folders are made. Throws E_ARCHIVE_UNSAFE,
 * E_ARCHIVE_TOO_LARGE, E_ARCHIVE_NESTED, E_ARCHIVE_DAMAGED or E_ARCHIVE_PACKED naming the entry, E_WRITE_FAILED for a
 * full disk; nothing of a refused archive stays.
 */
export async function unpackArchive(
  path: string,
  folder: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<Unpacked> {
  const present = await stat(folder).catch(() => null);
  if (present?.isDirectory()) return { folder, files: 0, bytes: 0 };
  const { size } = await stat(path);
  if (size > limits.packedBytes) throw tooLarge(path, `${size} bytes packed, at most ${limits.packedBytes}`);
  await mkdir(dirname(folder), { recursive: true });
  const partial = await mkdtemp(`${folder}.partial-`);
  try {
    const writer = entryWriter(path, partial, size, limits);
    const format = await formatOf(path);
    if (format === 'zip') await unpackZip(path, writer, size);
    else await unpackTar(path, writer, format);
    if (writer.files() === 0) throw damaged(path, 'there is no file in it');
    await rename(partial, folder).catch(async (error: unknown) => {
      // Another process may have been quicker with the same bytes.
      if (!(await stat(folder).catch(() => null))?.isDirectory()) throw error;
      await rm(partial, { recursive: true, force: true });
    });
    return { folder, files: writer.files(), bytes: writer.bytes() };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw asArchiveError(error, path);
  }
}

/** Removes what killed runs left half unpacked below a folder, unless it changed within the hour. */
export async function sweepPartials(root: string, now: Date): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    if (!PARTIAL.test(name)) continue;
    const info = await stat(join(root, name)).catch(() => null);
    if (info !== null && now.getTime() - info.mtimeMs > 3_600_000)
      await rm(join(root, name), { recursive: true, force: true });
  }
}

type Format = 'zip' | 'gzip' | 'tar';

/** What the first bytes say; a name can say anything. */
async function formatOf(path: string): Promise<Format> {
  const handle = await open(path, 'r');
  try {
    const head = new Uint8Array(512);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const content = packedContent(head.subarray(0, bytesRead));
    if (content === 'zip' || content === 'gzip') return content;
    if (content !== null) throw new HeituError('E_ARCHIVE_PACKED', { where: path, what: content });
    // A tar starts with a header whose checksum fits, which its reader sees to.
    if (bytesRead === 512 && Buffer.from(head.subarray(257, 262)).toString('latin1') === 'ustar')
      return 'tar';
    throw damaged(path, 'it starts like no archive');
  } finally {
    await handle.close();
  }
}

/** What an archive says of one entry before any of its bytes are taken. */
interface Claim {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Unpacked bytes. */
  readonly size: number;
}

/** Makes files and folders below `root`, counting bytes as they really come. */
function entryWriter(path: string, root: string, packed: number, limits: ArchiveLimits) {
  const mostBytes = limits.totalFactor * packed + limits.totalBytes;
  /** Names by key; a folder may be named twice and a file once. */
  const seen = new Map<string, Claim['kind']>();
  let entries = 0;
  let files = 0;
  let bytes = 0;

  const checkTotal = (total: number, consumed: number) => {
    if (total > mostBytes) throw tooLarge(path, `over ${mostBytes} bytes unpacked`);
    if (total > limits.ratioFrom && total > limits.ratio * consumed)
      throw tooLarge(path, `it unpacks to over ${limits.ratio} times its size`);
  };

  /** Checks the claim and gives the path of the file it may become. */
  const claim = ({ name, kind, size }: Claim): string => {
    entries += 1;
    if (entries > limits.entries) throw tooLarge(path, `over ${limits.entries} entries`);
    const checked = checkEntryName(name);
    if ('wrong' in checked) throw unsafe(path, checked.wrong);
    const { parts } = checked;
    if (parts.length === 0 && kind === 'file') throw unsafe(path, 'an entry without a name');
    for (let depth = 1; depth < parts.length; depth++) keep(parts.slice(0, depth), 'folder');
    if (parts.length > 0) keep(parts, kind);
    if (kind === 'file' && isPackedName(name))
      throw new HeituError('E_ARCHIVE_NESTED', { where: path, what: name });
    if (size > limits.entryBytes)
      throw tooLarge(path, `${name} is ${size} bytes, at most ${limits.entryBytes}`);
    return join(root, ...parts);
  };

  const keep = (parts: readonly string[], kind: Claim['kind']) => {
    const key = nameKey(parts);
    const known = seen.get(key);
    if (known !== undefined && (known === 'file' || kind === 'file'))
      throw unsafe(path, `${JSON.stringify(parts.join('/'))} comes twice, but for upper and lower case`);
    seen.set(key, kind);
  };

  /** Writes one entry; `consumed` tells how many packed bytes were used up to now. */
  const write = async (
    target: string,
    name: string,
    content: () => AsyncIterable<Uint8Array>,
    consumed: () => number,
  ) => {
    await makeFolder(dirname(target));
    // `wx`: a file that is there already is never written over, and a link never followed.
    const file = await open(target, 'wx', 0o600);
    try {
      let own = 0;
      let head = Buffer.alloc(0);
      for await (const chunk of content()) {
        own += chunk.length;
        if (head.length < MAGIC_BYTES) {
          head = Buffer.concat([head, chunk.subarray(0, MAGIC_BYTES)]);
          const packing = packedContent(head);
          if (packing !== null)
            throw new HeituError('E_ARCHIVE_NESTED', { where: path, what: `${name} (${packing})` });
        }
        if (own > limits.entryBytes) throw tooLarge(path, `${name} is over ${limits.entryBytes} bytes`);
        checkTotal(bytes + own, consumed());
        await file.writeFile(chunk);
      }
      bytes += own;
      files += 1;
    } finally {
      await file.close();
    }
  };

  const folders = new Set<string>();
  const makeFolder = async (folder: string) => {
    if (folders.has(folder)) return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    folders.add(folder);
  };

  return { claim, write, makeFolder, checkTotal, files: () => files, bytes: () => bytes };
}

type EntryWriter = ReturnType<typeof entryWriter>;

const TAR_KINDS: Readonly<Record<string, Claim['kind']>> = { file: 'file', directory: 'folder' };

async function unpackTar(path: string, writer: EntryWriter, format: 'gzip' | 'tar'): Promise<void> {
  const source = createReadStream(path, { highWaterMark: 1 << 18 });
  let lastByte = 0;
  let length = 0;
  // Names come as bytes: old tars hold GBK, and whoever decodes them as UTF-8 has lost them.
  // An option its types leave out.
  const extract = tar.extract({ filenameEncoding: 'latin1' } as Parameters<typeof tar.extract>[0]);
  // A streamx stream, which node's pipeline takes at run time and its types do not.
  const sink = extract as unknown as Writable;
  const watch = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      let at = chunk.length;
      while (at > 0 && chunk[at - 1] === 0) at -= 1;
      if (at > 0) lastByte = length + at;
      length += chunk.length;
      try {
        // Zeros between the entries unpack as well as those in them.
        writer.checkTotal(length, source.bytesRead);
        done(null, chunk);
      } catch (error) {
        // It throws nothing else.
        done(error as HeituError);
      }
    },
  });
  const fed =
    format === 'gzip' ? pipeline(source, createGunzip(), watch, sink) : pipeline(source, watch, sink);
  // Its failure also ends the loop below; without this it would be nobody's in between.
  fed.catch(() => undefined);
  let end = 0;
  for await (const entry of extract) {
    const { header } = entry;
    const kind = TAR_KINDS[header.type];
    const name = tarName(path, header);
    if (kind === undefined)
      throw unsafe(path, `${JSON.stringify(name)} is a ${header.type ?? 'special entry'}`);
    if (Object.keys(paxOf(header)).some((key) => key.startsWith('GNU.sparse')))
      throw unsafe(path, `${JSON.stringify(name)} is a sparse file`);
    const { size } = header;
    const target = writer.claim({ name, kind, size });
    if (kind === 'folder') {
      await writer.makeFolder(target);
      entry.resume();
    } else
      await writer.write(
        target,
        name,
        // A streamx stream gives its bytes one chunk after the other, which its types do not say.
        () => entry as unknown as AsyncIterable<Uint8Array>,
        () => source.bytesRead,
      );
    // tar-stream adds where the content starts, which its types leave out.
    const { byteOffset } = header as typeof header & { byteOffset: number };
    end = byteOffset + Math.ceil((kind === 'folder' ? 0 : size) / 512) * 512;
  }
  await fed;
  if (length < end + 512 || lastByte > end) throw damaged(path, 'it has no end of archive: it was cut off');
}

/** Extended headers of an entry: texts by key. */
function paxOf({ pax }: tar.Header): Readonly<Record<string, unknown>> {
  return typeof pax === 'object' && pax !== null ? { ...pax } : {};
}

/** A pax name is UTF-8 and already text; an older one is bytes, one a character. */
function tarName(path: string, header: tar.Header): string {
  const extended = paxOf(header).path;
  if (typeof extended === 'string') return extended;
  const name = decodeEntryName(Buffer.from(header.name, 'latin1'), false);
  if (name === null) throw unsafe(path, 'a name that is neither UTF-8 nor GBK');
  return name;
}

/** General purpose bit 11: the name is UTF-8 (APPNOTE.TXT 4.4.4). */
const UTF8_FLAG = 0x800;

/** Unix file types in the upper half of the external attributes. */
const TYPE_MASK = 0o170000;
const TYPES: ReadonlyMap<number, Claim['kind']> = new Map([
  [0, 'file'],
  [0o100000, 'file'],
  [0o040000, 'folder'],
]);

interface ZipEntry {
  readonly entry: yauzl.Entry;
  readonly name: string;
  readonly kind: Claim['kind'];
  readonly target: string;
}

async function unpackZip(path: string, writer: EntryWriter, size: number): Promise<void> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false, decodeStrings: false });
  try {
    const entries: ZipEntry[] = [];
    let claimed = 0;
    for await (const entry of zip.eachEntry()) {
      entries.push(claimZip(path, entry, writer));
      claimed += entry.compressedSize;
      // Every byte of the file serves one entry: those that share bytes are how a small file claims to be large.
      if (claimed > size) throw tooLarge(path, 'its entries claim more bytes than it has');
    }
    const total = entries.reduce((sum, one) => sum + one.entry.uncompressedSize, 0);
    writer.checkTotal(total, claimed);
    checkApart(path, entries);
    let consumed = 0;
    for (const { entry, name, kind, target } of entries) {
      if (kind === 'folder') {
        await writer.makeFolder(target);
        continue;
      }
      const local = await zip.readLocalFileHeaderPromise(entry, { minimal: false });
      if (!local.fileName.equals(entry.fileNameRaw))
        throw unsafe(path, `${JSON.stringify(name)} has another name inside`);
      consumed += entry.compressedSize;
      let sum = 0;
      const summed = async function* () {
        const content = await zip.openReadStreamPromise(entry);
        // Its source goes on for a while after the first error, and one that nobody listens to ends the process.
        content.on('error', () => undefined);
        for await (const chunk of content) {
          sum = crc32(chunk, sum);
          yield chunk;
        }
      };
      await writer.write(target, name, summed, () => consumed);
      if (sum !== entry.crc32) throw damaged(path, `${name} has another checksum`);
    }
  } finally {
    zip.close();
  }
}

function claimZip(path: string, entry: yauzl.Entry, writer: EntryWriter): ZipEntry {
  const name = decodeEntryName(entry.fileNameRaw, (entry.generalPurposeBitFlag & UTF8_FLAG) !== 0);
  if (name === null) throw unsafe(path, 'a name that is neither UTF-8 nor GBK');
  const shown = JSON.stringify(name);
  const type = TYPES.get((entry.externalFileAttributes >>> 16) & TYPE_MASK);
  if (type === undefined) throw unsafe(path, `${shown} is a link or a special entry`);
  const kind = name.endsWith('/') ? 'folder' : type;
  if (kind === 'folder' && entry.uncompressedSize > 0)
    throw unsafe(path, `${shown} is a folder with content`);
  if (entry.isEncrypted())
    throw new HeituError('E_ARCHIVE_PACKED', { where: path, what: `${shown} is encrypted` });
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) {
    throw new HeituError('E_ARCHIVE_PACKED', {
      where: path,
      what: `${shown} is packed by method ${entry.compressionMethod}`,
    });
  }
  const target = writer.claim({ name, kind, size: entry.uncompressedSize });
  return { entry, name, kind, target };
}

/** Length of a local header without its name, which stands before the bytes of every entry (APPNOTE.TXT 4.3.7). */
const LOCAL_HEADER = 30;

/** Entries may not lie in each other: one stretch of bytes that is read again and again is a bomb. */
function checkApart(path: string, entries: readonly ZipEntry[]): void {
  const ordered = [...entries].sort(
    (a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader,
  );
  let end = 0;
  for (const { entry, name } of ordered) {
    const start = entry.relativeOffsetOfLocalHeader;
    if (start < end) throw unsafe(path, `${JSON.stringify(name)} lies inside another entry`);
    end = start + LOCAL_HEADER + entry.fileNameRaw.length + entry.compressedSize;
  }
}

/** Faults of the disk, which are no fault of the archive. */
const DISK = new Set(['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'EMFILE', 'EIO']);

function asArchiveError(error: unknown, path: string): HeituError {
  if (error instanceof HeituError) return error;
  const what = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // A fault of ours must not be taken for one of the archive.
  if (error instanceof TypeError || error instanceof ReferenceError)
    return new HeituError('E_INTERNAL', { what, cause: error });
  if (DISK.has(code)) return new HeituError('E_WRITE_FAILED', { where: path, what, cause: error });
  return new HeituError('E_ARCHIVE_DAMAGED', { where: path, what, cause: error });
}

function tooLarge(path: string, what: string): HeituError {
  return new HeituError('E_ARCHIVE_TOO_LARGE', { where: path, what });
}

function unsafe(path: string, what: string): HeituError {
  return new HeituError('E_ARCHIVE_UNSAFE', { where: path, what });
}

function damaged(path: string, what: string): HeituError {
  return new HeituError('E_ARCHIVE_DAMAGED', { where: path, what });
}
