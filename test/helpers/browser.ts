import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium as playwright } from 'playwright-core';

/** Flags of the package that make pages less safe or the browser less stable than what people use. */
const UNWANTED = /^--(single-process|disable-web-security|allow-running-insecure-content|headless)/;

const FONTS_CONF = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`;

/**
 * The packaged Chromium with software WebGL2, unpacked once per version into the temporary folder. It brings its
 * own libraries and its own Latin-only fonts, so that a bare machine and a desktop draw the same page.
 */
export async function launchBrowser(): Promise<Browser> {
  const folder = await unpackBrowser();
  const { default: packaged } = await import('@sparticuz/chromium');
  return playwright.launch({
    executablePath: join(folder, 'chromium'),
    headless: true,
    args: packaged.args.filter((flag) => !UNWANTED.test(flag)),
    env: {
      ...Object.fromEntries(
        Object.entries(process.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
      ),
      HOME: folder,
      FONTCONFIG_PATH: join(folder, 'fonts'),
      LD_LIBRARY_PATH: [join(folder, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH ?? '']
        .filter(Boolean)
        .join(':'),
    },
  });
}

/** Unpacks under a private name and renames, so that test files starting together never see half a browser. */
async function unpackBrowser(): Promise<string> {
  const { version } = createRequire(import.meta.url)('playwright-core/package.json') as { version: string };
  const folder = join(tmpdir(), `heitu-browser-${version}`);
  if (existsSync(join(folder, 'ready'))) return folder;
  const own = await mkdtemp(join(tmpdir(), 'heitu-browser-new-'));
  const before = { ...process.env };
  try {
    // The package unpacks into the temporary folder, and its libraries only when it believes to run on this service.
    process.env.TMPDIR = own;
    process.env.AWS_EXECUTION_ENV = 'AWS_Lambda_nodejs24.x';
    const { default: packaged } = await import('@sparticuz/chromium');
    await packaged.executablePath();
  } finally {
    for (const name of ['TMPDIR', 'AWS_EXECUTION_ENV', 'FONTCONFIG_PATH', 'HOME', 'LD_LIBRARY_PATH']) {
      const value = before[name];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
  // The package's own list of font folders is that of its home service; with no font at all the browser dies.
  await writeFile(join(own, 'fonts', 'fonts.conf'), FONTS_CONF);
  await chmod(join(own, 'chromium'), 0o700);
  await writeFile(join(own, 'ready'), '');
  await rename(own, folder).catch(async () => rm(own, { recursive: true, force: true }));
  return folder;
}
