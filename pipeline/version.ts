import { createRequire } from 'node:module';

/** Version of the software, as package.json states it; it goes into every product's provenance. */
export const VERSION: string = createRequire(import.meta.url)('../package.json').version;
