/** Writes the pages of docs/ that follow from tables; `npm run docs`. A test compares them. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { GENERATED } from './pages.ts';

for (const [name, text] of Object.entries(GENERATED)) {
  await writeFile(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), text());
  console.log(`docs/${name}`);
}
