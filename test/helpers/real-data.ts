import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A folder of the real imagery beside the repository; null, with a message, where it is not there. */
export function realData(name: string): string | null {
  const path = fileURLToPath(new URL(`../../../shared/data/${name}`, import.meta.url));
  if (existsSync(path)) return path;
  console.warn(`skipped: ../shared/data/${name} is not there`);
  return null;
}
