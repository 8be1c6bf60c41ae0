import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { HeituError } from '../../../pipeline/core/error.ts';
import {
  ARCHIVE_LIMITS,
  sweepPartials,
  unpackArchive,
  unpackedFolder,
} from '../../../pipeline/ingest/archive.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { type Entry, pax, tarOf, tgzOf, zipOf } from './archives.ts';

const root = await temporaryFolder();
const image = { name: 'scene_L1/scene_L1_MSS.tif', content: Buffer.alloc(3000, 7) };
const meta = { name: 'scene_L1/scene_L1_MSS_meta.xml', content: '<MetaData/>' };
const honest: readonly Entry[] = [image, meta];
const LINK = 0o120777;

/** Bytes on disk below a folder. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) =>
      entry.isFile() ? (await stat(join(entry.parentPath, entry.name))).size : 0,
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Unpacks bytes in a folder of its own, and says what came of it and what is left. */
async function unpack(bytes: Buffer, limits = ARCHIVE_LIMITS) {
  const place = await mkdtemp(join(root, 'place-'));
  const archive = join(place, 'archive.bin');
  await writeFile(archive, bytes);
  const out = join(place, 'inside', 'out');
  const started = process.cpuUsage();
  const error = await unpackArchive(archive, out, limits).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  const { user, system } = process.cpuUsage(started);
  const left = await bytesBelow(join(place, 'inside'));
  return { place, out, error, left, seconds: (user + system) / 1e6, entries: await readdir(place) };
}

/** Names that lead out of the folder, or that some system reads so. */
const ESCAPES = [
  '../evil.txt',
  'a/../../evil.txt',
  'a/b/../../../evil.txt',
  '..',
  '/etc/evil.txt',
  '//server/share/evil.txt',
  'C:/evil.txt',
  'c:evil.txt',
  'a\\..\\..\\evil.txt',
  '\\\\server\\evil.txt',
  'a//b.txt',
  'a/\u0001b.txt',
  'a\nb.txt',
  'a/\u202etxt.exe',
  `${'a/'.repeat(17)}b.txt`,
  `${'n'.repeat(300)}.txt`,
];

type Case = readonly [what: string, code: string, bytes: () => Buffer];

const HOSTILE: readonly Case[] = [
  ...ESCAPES.filter((name) => name.length < 100).map(
    (name): Case => [
      `tar: ${JSON.stringify(name)}`,
      'E_ARCHIVE_UNSAFE',
      () => tarOf([image, { name, content: 'x' }]),
    ],
  ),
  ...ESCAPES.map(
    (name): Case => [
      `zip: ${JSON.stringify(name.slice(0, 40))}`,
      'E_ARCHIVE_UNSAFE',
      () => zipOf([image, { name, content: 'x' }]),
    ],
  ),
  ['zip: a NUL in a name', 'E_ARCHIVE_UNSAFE', () => zipOf([{ name: 'a\0.tif', content: 'x' }])],
  ...(['1', '2', '3', '4', '6'] as const).map(
    (flag): Case => [
      `tar: an entry of type ${flag}`,
      'E_ARCHIVE_UNSAFE',
      () => tgzOf([image, { name: 'a_meta.xml', flag, link: '/etc/passwd' }]),
    ],
  ),
  [
    'tar: a link to a folder outside and a file through it',
    'E_ARCHIVE_UNSAFE',
    () =>
      tarOf([
        { name: 'a', flag: '2', link: '..' },
        { name: 'a/evil.txt', content: 'x' },
      ]),
  ],
  ['tar: a sparse file', 'E_ARCHIVE_UNSAFE', () => tarOf([image, { name: 'a.tif', flag: 'S' }])],
  [
    'tar: a pax name with ..',
    'E_ARCHIVE_UNSAFE',
    () => tarOf([pax('path', '../evil.txt'), { name: 'a', content: 'x' }]),
  ],
  [
    'tar: a GNU long name with ..',
    'E_ARCHIVE_UNSAFE',
    () =>
      tarOf([
        { name: '././@LongLink', flag: 'L', content: '../evil.txt\0' },
        { name: 'a', content: 'x' },
      ]),
  ],
  [
    'zip: a link',
    'E_ARCHIVE_UNSAFE',
    () => zipOf([image, { name: 'a_meta.xml', content: '/etc/passwd', mode: LINK }]),
  ],
  ['zip: a device', 'E_ARCHIVE_UNSAFE', () => zipOf([image, { name: 'a', mode: 0o020666 }])],
  ['zip: a pipe', 'E_ARCHIVE_UNSAFE', () => zipOf([image, { name: 'a', mode: 0o010666 }])],
  ['zip: a name twice', 'E_ARCHIVE_UNSAFE', () => zipOf([image, image])],
  ['tar: a name twice', 'E_ARCHIVE_UNSAFE', () => tarOf([image, image])],
  [
    'tar: a name in two cases',
    'E_ARCHIVE_UNSAFE',
    () =>
      tarOf([
        { name: 'A.tif', content: 'x' },
        { name: 'a.TIF', content: 'y' },
      ]),
  ],
  [
    'tar: a file where a folder is',
    'E_ARCHIVE_UNSAFE',
    () => tarOf([image, { name: 'scene_L1', content: 'y' }]),
  ],
  [
    'zip: a folder where a file is',
    'E_ARCHIVE_UNSAFE',
    () =>
      zipOf([
        { name: 'a', content: 'x' },
        { name: 'a/b', content: 'y' },
      ]),
  ],
  [
    'zip: another name in front of the bytes',
    'E_ARCHIVE_UNSAFE',
    () => zipOf([{ ...image, localName: '../../evil.tif' }]),
  ],
  [
    'zip: a name in no encoding',
    'E_ARCHIVE_UNSAFE',
    () => zipOf([{ name: Buffer.from([0x61, 0xff, 0xff]), content: 'x' }]),
  ],
  [
    'zip: a name that says UTF-8 and is GBK',
    'E_ARCHIVE_UNSAFE',
    () => zipOf([{ name: GBK_NAME, content: 'x', flags: 0x800 }]),
  ],
  ['zip: a folder with content', 'E_ARCHIVE_UNSAFE', () => zipOf([{ name: 'a/', content: 'x' }])],
  [
    'zip: entries that lie in each other',
    'E_ARCHIVE_UNSAFE',
    () =>
      zipOf([
        { name: 'a.tif', content: 'small', stored: true },
        { name: 'b.tif', content: 'small', stored: true, sameAs: 0 },
      ]),
  ],
  [
    'zip: a thousand names for the same bytes',
    'E_ARCHIVE_TOO_LARGE',
    () =>
      zipOf([
        { name: 'a.tif', content: ZEROS },
        ...Array.from({ length: 1000 }, (_, i) => ({ name: `b${i}.tif`, content: ZEROS, sameAs: 0 })),
      ]),
  ],
  [
    'zip: zeros that say how many they are',
    'E_ARCHIVE_TOO_LARGE',
    () => zipOf([{ name: 'a.tif', content: ZEROS }]),
  ],
  [
    'zip: zeros that say they are few',
    'E_ARCHIVE_DAMAGED',
    () => zipOf([{ name: 'a.tif', content: ZEROS, size: 5000 }]),
  ],
  ['tar.gz: zeros in an entry', 'E_ARCHIVE_TOO_LARGE', () => tgzOf([{ name: 'a.tif', content: ZEROS }])],
  ['tar.gz: zeros and nothing else', 'E_ARCHIVE_TOO_LARGE', () => gzipSync(ZEROS)],
  ['tar.gz: packed twice', 'E_ARCHIVE_DAMAGED', () => gzipSync(tgzOf(honest))],
  [
    'zip: over ten thousand entries',
    'E_ARCHIVE_TOO_LARGE',
    () => zipOf(Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}`, content: 'x', stored: true }))),
  ],
  [
    'tar: over ten thousand entries',
    'E_ARCHIVE_TOO_LARGE',
    () => tarOf(Array.from({ length: 10_001 }, (_, i) => ({ name: `f${i}` }))),
  ],
  [
    'zip: a zip inside',
    'E_ARCHIVE_NESTED',
    () => zipOf([image, { name: 'more.zip', content: zipOf(honest) }]),
  ],
  [
    'zip: a zip inside by another name',
    'E_ARCHIVE_NESTED',
    () => zipOf([image, { name: 'more.tif', content: zipOf(honest) }]),
  ],
  [
    'tar: a tar.gz inside',
    'E_ARCHIVE_NESTED',
    () => tarOf([image, { name: 'more.tar.gz', content: tgzOf(honest) }]),
  ],
  [
    'tar: a gzip inside by another name',
    'E_ARCHIVE_NESTED',
    () => tarOf([image, { name: 'more.xml', content: gzipSync('x') }]),
  ],
  ['zip: an encrypted entry', 'E_ARCHIVE_PACKED', () => zipOf([{ ...image, flags: 1 }])],
  ['zip: an entry packed by LZMA', 'E_ARCHIVE_PACKED', () => zipOf([{ ...image, method: 14 }])],
  [
    '7z by its first bytes',
    'E_ARCHIVE_PACKED',
    () => Buffer.from([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4]),
  ],
  ['tar: cut in an entry', 'E_ARCHIVE_DAMAGED', () => tarOf(honest).subarray(0, 1500)],
  ['tar: cut between entries', 'E_ARCHIVE_DAMAGED', () => tarOf(honest, 0)],
  [
    'tar.gz: cut',
    'E_ARCHIVE_DAMAGED',
    () => tgzOf([{ name: 'a.tif', content: noise(50_000) }]).subarray(0, 20_000),
  ],
  [
    'tar.gz: one byte changed',
    'E_ARCHIVE_DAMAGED',
    () => flip(tgzOf([{ name: 'a.tif', content: noise(50_000) }]), 30_000),
  ],
  ['tar: a wrong checksum of a header', 'E_ARCHIVE_DAMAGED', () => flip(tarOf(honest), 3)],
  [
    'tar: bytes behind the end',
    'E_ARCHIVE_DAMAGED',
    () => Buffer.concat([tarOf(honest), Buffer.alloc(512, 1)]),
  ],
  ['zip: cut', 'E_ARCHIVE_DAMAGED', () => zipOf(honest).subarray(0, 60)],
  [
    'zip: one byte changed',
    'E_ARCHIVE_DAMAGED',
    () => flip(zipOf([{ name: 'a.tif', content: noise(3000), stored: true }]), 1000),
  ],
  ['zip: a wrong checksum', 'E_ARCHIVE_DAMAGED', () => zipOf([{ ...image, crc: 1 }])],
  [
    'a text called archive',
    'E_ARCHIVE_DAMAGED',
    () => Buffer.from('Dear Sir, this is no archive.'.repeat(40)),
  ],
  ['an empty file', 'E_ARCHIVE_DAMAGED', () => Buffer.alloc(0)],
  ['an empty tar', 'E_ARCHIVE_DAMAGED', () => tarOf([])],
  ['an empty zip', 'E_ARCHIVE_DAMAGED', () => zipOf([])],
];

const ZEROS = Buffer.alloc(64 * 2 ** 20);
/** 吉林/影像.tif as Chinese zip programs write it. */
const GBK_NAME = Buffer.from([0xbc, 0xaa, 0xc1, 0xd6, 0x2f, 0xd3, 0xb0, 0xcf, 0xf1, 0x2e, 0x74, 0x69, 0x66]);

function noise(length: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    }),
  );
}

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 0x55;
  return copy;
}

describe('a hostile archive', () => {
  let worst = { seconds: 0, what: '' };
  let refused = 0;
  it.each(HOSTILE)('%s is refused as %s and leaves nothing', async (what, code, bytes) => {
    const { error, left, seconds, entries, place } = await unpack(bytes());
    expect(error, what).toBeInstanceOf(HeituError);
    expect((error as HeituError).code, (error as HeituError).message).toBe(code);
    expect((error as HeituError).message).toContain('archive.bin');
    // Nothing stays, neither inside nor beside.
    expect(left).toBe(0);
    expect(await readdir(join(place, 'inside')).catch(() => [])).toEqual([]);
    expect(entries.filter((name) => name !== 'archive.bin' && name !== 'inside')).toEqual([]);
    for (const evil of ['evil.txt', 'evil.tif']) {
      expect(existsSync(join(root, evil)) || existsSync(`/${evil}`) || existsSync(`/etc/${evil}`)).toBe(
        false,
      );
    }
    expect(seconds).toBeLessThan(10);
    refused += 1;
    if (seconds > worst.seconds) worst = { seconds, what };
  });

  it('stops early: the figures', () => {
    console.log(
      `archives: ${refused} of ${HOSTILE.length} refused, 0 bytes left, slowest ${worst.seconds.toFixed(2)} s of processor (${worst.what})`,
    );
    expect(refused).toBe(HOSTILE.length);
  });

  it('of any size writes no more than its limits before it is stopped', async () => {
    const limits = { ...ARCHIVE_LIMITS, entryBytes: 10_000, ratioFrom: 5000 };
    const big = await unpack(tgzOf([{ name: 'a.tif', content: noise(20_000) }]), limits);
    expect(big.error).toMatchObject({ code: 'E_ARCHIVE_TOO_LARGE' });
    const many = { ...ARCHIVE_LIMITS, totalFactor: 0, totalBytes: 5000 };
    const all = await unpack(tarOf([image, { ...image, name: 'b.tif' }]), many);
    expect(all.error).toMatchObject({ code: 'E_ARCHIVE_TOO_LARGE' });
    const packed = await unpack(tarOf(honest), { ...ARCHIVE_LIMITS, packedBytes: 100 });
    expect(packed.error).toMatchObject({ code: 'E_ARCHIVE_TOO_LARGE' });
  });
});

describe('an honest archive', () => {
  const HONEST: readonly (readonly [what: string, bytes: () => Buffer, names: readonly string[]])[] = [
    ['a tar', () => tarOf(honest), [image.name, meta.name]],
    ['a tar.gz', () => tgzOf(honest), [image.name, meta.name]],
    ['a zip', () => zipOf(honest), [image.name, meta.name]],
    [
      'a zip that is stored',
      () => zipOf(honest.map((one) => ({ ...one, stored: true }))),
      [image.name, meta.name],
    ],
    ['a zip with modes of plain files', () => zipOf([{ ...image, mode: 0o100644 }]), [image.name]],
    [
      'a tar with folders',
      () => tarOf([{ name: 'scene_L1/', flag: '5' }, ...honest]),
      [image.name, meta.name],
    ],
    [
      'a zip with folders',
      () => zipOf([{ name: 'scene_L1/', mode: 0o040755, stored: true }, ...honest]),
      [image.name, meta.name],
    ],
    [
      'a tar whose names begin with ./',
      () =>
        tarOf([
          { name: './', flag: '5' },
          { ...image, name: `./${image.name}` },
        ]),
      [image.name],
    ],
    ['a zip with names in GBK', () => zipOf([{ name: GBK_NAME, content: 'x' }]), ['吉林/影像.tif']],
    ['a tar with names in GBK', () => tarOf([{ name: GBK_NAME, content: 'x' }]), ['吉林/影像.tif']],
    [
      'a zip with names in UTF-8',
      () => zipOf([{ name: '吉林/影像.tif', content: 'x', flags: 0x800 }]),
      ['吉林/影像.tif'],
    ],
    [
      'a tar with a pax name',
      () => tarOf([pax('path', 'long/name.tif'), { name: 'short', content: 'x' }]),
      ['long/name.tif'],
    ],
    ['a tar with an old type flag', () => tarOf([{ ...image, flag: '\0' }]), [image.name]],
    ['a tar with one block at its end', () => tarOf(honest, 512), [image.name, meta.name]],
    [
      'an image of fill, which packs a thousand times',
      () => zipOf([{ name: 'a.tif', content: Buffer.alloc(8_000_000) }]),
      ['a.tif'],
    ],
    [
      'an empty file beside others',
      () => zipOf([image, { name: 'empty.txt', stored: true }]),
      ['empty.txt', image.name],
    ],
  ];

  it.each(HONEST)('%s is unpacked', async (_what, bytes, names) => {
    const { out, error } = await unpack(bytes());
    expect(error).toBeNull();
    const files = (await readdir(out, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1));
    expect(files.sort()).toEqual([...names].sort());
    if (names.includes(image.name)) expect(await readFile(join(out, image.name))).toEqual(image.content);
  });

  it('is unpacked once: the same bytes are found again under their checksum', async () => {
    const path = join(root, 'JL1_scene.tar.gz');
    await writeFile(path, tgzOf(honest));
    const folder = await unpackedFolder(path, join(root, 'unpacked'));
    expect(folder).toMatch(/unpacked\/JL1_scene-[0-9a-f]{12}$/);
    expect(await unpackArchive(path, folder)).toMatchObject({ files: 2, bytes: 3011 });
    expect(await unpackArchive(path, folder)).toMatchObject({ files: 0 });
    expect((await stat(join(folder, image.name))).mode & 0o777).toBe(0o600);
  });

  it('leaves a half one of a killed run to be swept after an hour', async () => {
    const place = await mkdtemp(join(root, 'sweep-'));
    for (const name of ['a.partial-Ab12Cd', 'b.partial-Ab12Cd', 'c']) await mkdir(join(place, name));
    const old = new Date('2024-01-01T00:00:00Z');
    await utimes(join(place, 'a.partial-Ab12Cd'), old, old);
    await utimes(join(place, 'c'), old, old);
    await sweepPartials(place, new Date());
    expect((await readdir(place)).sort()).toEqual(['b.partial-Ab12Cd', 'c']);
  });
});
