import { INDICES } from '../pipeline/indices/table.ts';
import { PRODUCTS, type ProductId, type ProductRow } from '../pipeline/products/table.ts';

/** The row of a product, as the type that all share. */
export function productRow(id: ProductId): ProductRow {
  return PRODUCTS[id];
}

/** Value of one stored count of a product: NDVI 0.0001, grades 1. */
export function countScale(id: ProductId): number {
  const row = productRow(id);
  return 'scale' in row ? row.scale : INDICES[row.from.index].scale;
}

/** Names of the classes of a product in the order of its legend; null where values are numbers. */
export function classesOf(id: ProductId): readonly { readonly zh: string; readonly en: string }[] | null {
  const row = productRow(id);
  return 'classes' in row ? row.classes : null;
}
