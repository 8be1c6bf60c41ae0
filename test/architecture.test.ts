import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A room of the house and which rooms it may import; `core` is open to all. Order as in pipeline/README.md. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'pipeline/core': [],
  'pipeline/sensors': [],
  'pipeline/kernels': [],
  'pipeline/geometry': ['pipeline/kernels'],
  'pipeline/ingest': ['pipeline/sensors', 'pipeline/kernels', 'pipeline/geometry'],
  'pipeline/calibrate': ['pipeline/sensors'],
  'pipeline/mask': ['pipeline/sensors'],
  'pipeline/warp': [],
  'pipeline/indices': ['pipeline/sensors', 'pipeline/kernels'],
  'pipeline/series': ['pipeline/kernels'],
  'pipeline/zones': [],
  'pipeline/models': ['pipeline/kernels'],
  'pipeline/season': ['pipeline/series', 'pipeline/models'],
  'pipeline/anomaly': [
    'pipeline/kernels',
    'pipeline/series',
    'pipeline/models',
    'pipeline/mask/components.ts',
    'pipeline/mask/morphology.ts',
    'pipeline/calibrate/special.ts',
  ],
  'pipeline/write': ['pipeline/kernels'],
  'pipeline/read': ['pipeline/ingest/geotiff.ts', 'pipeline/kernels'],
  'pipeline/products': ['type pipeline/indices/table.ts', 'type pipeline/zones/statistics.ts'],
  'pipeline/flow.ts': [
    'pipeline/calibrate',
    'pipeline/mask',
    'pipeline/warp',
    'pipeline/indices',
    'pipeline/kernels',
    'pipeline/sensors',
  ],
  'pipeline/engine': [],
  'pipeline/store': ['pipeline/products'],
  'pipeline/jobs': ['pipeline'],
  'pipeline/commands': ['pipeline', 'api', 'fixtures/make'],
  'pipeline/cli.ts': ['pipeline'],
  'pipeline/config.ts': [],
  'pipeline/version.ts': [],
  api: [
    'pipeline/store',
    'pipeline/products',
    'pipeline/read',
    'pipeline/indices/table.ts',
    'pipeline/sensors/table.ts',
  ],
  web: ['type api/contract'],
  fixtures: ['pipeline/core'],
};

/** Files that may touch the file system: both ends of the path and what guards the workspace. */
const MAY_TOUCH_FILES: readonly RegExp[] = [
  /^pipeline\/(ingest|write|store|jobs|commands)\//,
  /^pipeline\/zones\/vector/,
  /^pipeline\/read\//,
  /^pipeline\/kernels\/(device|adapter|webgpu)/,
  /^api\/(server|app|static)\.ts$/,
  /^fixtures\//,
  /^web\/vite\.config\.ts$/,
];

interface Import {
  readonly target: string;
  readonly isType: boolean;
}

const FILES = ['pipeline', 'api', 'web', 'fixtures'].flatMap((folder) => sourcesOf(join(ROOT, folder)));

function sourcesOf(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'dist' || name === 'node_modules') return [];
    if (statSync(path).isDirectory()) return sourcesOf(path);
    return /\.tsx?$/.test(name) ? [relative(ROOT, path)] : [];
  });
}

/** Code without comments, so that a word in a docblock is no violation. */
function codeOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  for (const match of codeOf(file).matchAll(
    /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:[^'"`;]*?\sfrom\s+)?['"]([^'"]+)['"]/g,
  )) {
    const target = match[3]!;
    if (!target.startsWith('.')) continue;
    found.push({
      target: relative(ROOT, resolve(ROOT, dirname(file), target)),
      isType: match[2] !== undefined,
    });
  }
  return found;
}

/** The row of the table a file falls under: its own, else that of the longest folder. */
function roomOf(file: string): string {
  const rooms = Object.keys(MAY_IMPORT).filter((room) => file === room || file.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? 'none';
}

function isAllowed(room: string, { target, isType }: Import): boolean {
  if (target === room || target.startsWith(`${room}/`) || target.startsWith('pipeline/core/'))
    return room !== 'web' || !target.startsWith('pipeline');
  return (MAY_IMPORT[room] ?? []).some((rule) => {
    const typeOnly = rule.startsWith('type ');
    const path = typeOnly ? rule.slice(5) : rule;
    return (target === path || target.startsWith(`${path}/`)) && (!typeOnly || isType);
  });
}

describe('the house', () => {
  it('puts every source file in a room of the table', () => {
    expect(FILES.length).toBeGreaterThan(50);
    expect(FILES.filter((file) => roomOf(file) === 'none')).toEqual([]);
  });

  it('imports in one direction only', () => {
    const wrong = FILES.flatMap((file) =>
      importsOf(file)
        .filter((one) => !isAllowed(roomOf(file), one))
        .map((one) => `${file} imports ${one.target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('imports no file that is not there', () => {
    const known = new Set([...FILES, ...FILES.map((file) => file.replace(/\.tsx?$/, ''))]);
    const missing = FILES.flatMap((file) =>
      importsOf(file)
        .filter((one) => /\.tsx?$/.test(one.target) && !known.has(one.target))
        .map((one) => `${file}: ${one.target}`),
    );
    expect(missing).toEqual([]);
  });

  it('has no circle of imports', () => {
    const edges = new Map(
      FILES.map((file) => [
        file,
        importsOf(file)
          .filter((one) => !one.isType)
          .map((one) => one.target),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, trail: readonly string[]) => {
      if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      if (trail.includes(file) || done.has(file)) return;
      for (const next of edges.get(file) ?? []) walk(next, [...trail, file]);
      done.add(file);
    };
    for (const file of FILES) walk(file, []);
    expect(circles).toEqual([]);
  });

  it('writes SQL in the store alone', () => {
    const sql = /\b(SELECT\s+[\w*(]|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|ST_[A-Z]\w+\()/;
    expect(FILES.filter((file) => !file.startsWith('pipeline/store/') && sql.test(codeOf(file)))).toEqual([]);
  });

  it.each([
    [
      'the environment in its two configuration files',
      /process\.env/,
      [/^pipeline\/config\.ts$/, /^api\/config\.ts$/],
    ],
    ['process.exit in the command line alone', /process\.exit\(/, [/^pipeline\/commands\/main\.ts$/]],
    ['no code made from text', /\beval\(|new Function\(/, []],
    ['no random number without a seed', /Math\.random/, []],
    ['express in the API alone', /from 'express'/, [/^api\//]],
    ['gpu.js in the kernels alone', /from 'gpu\.js'|import\('gpu\.js'\)/, [/^pipeline\/kernels\//]],
    ['raw HTML nowhere in the page', /innerHTML|dangerouslySetInnerHTML|insertAdjacentHTML/, []],
  ] as const)('keeps %s', (_what, word, allowed) => {
    const found = FILES.filter(
      (file) => word.test(codeOf(file)) && !allowed.some((rule: RegExp) => rule.test(file)),
    );
    expect(found).toEqual([]);
  });

  it('touches files at its two ends only', () => {
    const found = FILES.filter(
      (file) =>
        /from 'node:fs(\/promises)?'/.test(codeOf(file)) && !MAY_TOUCH_FILES.some((rule) => rule.test(file)),
    );
    expect(found).toEqual([]);
  });

  it('reads the clock at its ends only: stages and stores are given the time', () => {
    const clock = /Date\.now\(\)|new Date\(\)/;
    const found = FILES.filter(
      (file) =>
        clock.test(codeOf(file)) &&
        !/^(pipeline\/commands\/main\.ts|api\/server\.ts|web\/|fixtures\/)/.test(file),
    );
    expect(found).toEqual([]);
  });

  it('names no place of the machine it was written on', () => {
    const place = new RegExp(['/wo' + 'rk/', '/ro' + 'ot/', '/ho' + 'me/\\w'].join('|'));
    expect(FILES.filter((file) => place.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
  });
});
