import type { Express } from 'express';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../api/app.ts';
import { openApiDocument } from '../../api/contract/openapi.ts';
import { describeApi } from '../../api/openapi.ts';
import { ROUTES } from '../../api/routes/table.ts';
import type { Store } from '../../pipeline/store/open.ts';

// No route is asked here, so the store is never used.
const store = {} as Store;
const app = createApp({
  store,
  workspace: '.',
  version: '1.2.3',
  now: () => new Date(0),
  log: pino({ level: 'silent' }),
  webRoot: '.',
  basemap: null,
});
const document = describeApi(ROUTES, { version: '1.2.3', url: 'http://127.0.0.1:8080' });

/** Paths of express's own stack. */
function mounted(of: Express): string[] {
  const paths = of.router.stack.flatMap((layer) => (layer.route === undefined ? [] : [layer.route.path]));
  return [...new Set(paths)];
}

/** Every value under a key, anywhere in a JSON value. */
function valuesOf(json: unknown, key: string): unknown[] {
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([name, value]) => [
    ...(name === key ? [value] : []),
    ...valuesOf(value, key),
  ]);
}

describe('the OpenAPI document', () => {
  it('lists every mounted route and no other', () => {
    const documented = Object.keys(document.paths).map((path) => path.replace(/\{(\w+)\}/g, ':$1'));
    expect(mounted(app).length).toBeGreaterThan(30);
    expect(documented.sort()).toEqual(mounted(app).sort());
  });

  it('keeps to its own shape and is plain JSON', () => {
    expect(openApiDocument.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
  });

  it('refers only to what it holds', () => {
    const references = valuesOf(document, '$ref') as string[];
    expect(references.length).toBeGreaterThan(50);
    for (const reference of references) {
      const [, , part, name] = reference.split('/') as [string, string, 'schemas' | 'responses', string];
      expect(document.components[part], reference).toHaveProperty(name);
    }
  });

  it('has no keyword that OpenAPI 3.0 does not know', () => {
    for (const keyword of [
      '$id',
      '$schema',
      '$defs',
      'const',
      'prefixItems',
      'propertyNames',
      'patternProperties',
    ]) {
      expect(valuesOf(document.components, keyword), keyword).toEqual([]);
    }
  });

  it('describes every parameter of a path, and names operations once', () => {
    const operations = valuesOf(document.paths, 'operationId');
    expect(new Set(operations).size).toBe(operations.length);
    for (const { path, parameters } of ROUTES) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      expect(Object.keys(parameters.shape), path).toEqual(inPath);
    }
  });

  it('tells clients how large a page may be', () => {
    const items = document.paths['/collections/parcels/items'] as {
      get: { parameters: { name: string; schema: object; required: boolean }[] };
    };
    expect(items.get.parameters.find((one) => one.name === 'limit')).toMatchObject({
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 10_000, default: 100 },
    });
    expect(items.get.parameters.find((one) => one.name === 'bbox')).toMatchObject({
      style: 'form',
      explode: false,
    });
  });
});
