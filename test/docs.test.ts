import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GENERATED } from './helpers/pages.ts';

describe('generated pages', () => {
  it.each(Object.keys(GENERATED))('docs/%s says what the tables say; npm run docs writes it', (name) => {
    const written = readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');
    expect(written).toBe(GENERATED[name]!());
  });
});
