/** One statement carries about this much text: more makes the embedded database's messages slow to put together. */
const BATCH_CHARS = 1_000_000;
const BATCH_ROWS = 5_000;

/** Cuts rows into runs of at most 5000 rows and about a million characters, as `size` counts them. */
export function inBatches<T>(rows: readonly T[], size: (row: T) => number): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const row of rows) {
    const last = batches.at(-1);
    if (last === undefined || last.length >= BATCH_ROWS || room < size(row)) {
      batches.push([row]);
      room = BATCH_CHARS - size(row);
    } else {
      last.push(row);
      room -= size(row);
    }
  }
  return batches;
}
