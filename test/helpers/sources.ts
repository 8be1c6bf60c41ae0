import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** All product source but the error table itself, as one text. */
export function sourceText(): string {
  return ['pipeline', 'api', 'web', 'fixtures']
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter(
      (name) =>
        /\.tsx?$/.test(name) && !name.includes('dist') && name !== join('pipeline', 'core', 'error.ts'),
    )
    .map((name) => readFileSync(join(ROOT, name), 'utf8'))
    .join('\n');
}
