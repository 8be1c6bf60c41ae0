import type { Place, PlaceValue, Product, SeriesPoint } from '../client.ts';
import { percent, shortDay } from './format.ts';
import { cropName, type Language, say } from './say.ts';

/** How a value is written: the product's own decimals. */
type Write = (value: number) => string;

/** A place with its value of the day; `value` is undefined where nothing was observed. */
export interface Row {
  readonly place: Place;
  readonly value: PlaceValue | undefined;
}

/** Places joined with the values of the day, lowest first, then the unreadable, then the unobserved. */
export function rowsOf(places: readonly Place[], values: Readonly<Record<string, PlaceValue>>): Row[] {
  const rank = (row: Row) => (row.value === undefined ? 2 : row.value[0] === null ? 1 : 0);
  return places
    .map((place) => ({ place, value: Object.hasOwn(values, place.id) ? values[place.id] : undefined }))
    .sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (a.value?.[0] ?? 0) - (b.value?.[0] ?? 0) ||
        a.place.id.localeCompare(b.place.id),
    );
}

/** Rows whose name, code, id or crop (in the language on show) contains every word of the query. */
export function matching(rows: readonly Row[], query: string, language: Language): readonly Row[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter(({ place }) => {
    const text = `${place.name} ${place.code} ${place.id} ${cropName(language, place.crop)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** The middle value; of an even count the mean of the two in the middle. Null of nothing. */
export function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** What the list says as a whole: the lowest place (with its id, to go there), then how much could be read. */
export interface Summary {
  readonly lead: { readonly id: string; readonly text: string } | null;
  readonly rest: readonly string[];
}

/** The summary of rows in list order; the lead needs three readable places, fewer have no median worth the name. */
export function summary(
  language: Language,
  rows: readonly Row[],
  product: Product,
  layer: string,
  write: Write,
): Summary {
  const readable = rows.filter((row) => typeof row.value?.[0] === 'number');
  const middle = median(readable.map((row) => row.value![0]!));
  if (rows.length === 0) return { lead: null, rest: [] };
  if (rows.every((row) => row.value === undefined)) {
    return { lead: null, rest: [say(language, 'summary.absent', { layer: layer.toLowerCase() })] };
  }
  if (middle === null) {
    const fill = { layer: layer.toLowerCase(), percent: percent(product.minimumClear) };
    return { lead: null, rest: [say(language, 'summary.none', fill)] };
  }
  if (product.classes !== null) return { lead: null, rest: classCounts(language, rows, product, write) };
  const { place, value } = readable[0]!;
  const lowest = value![0]!;
  const text = say(language, 'summary.low', {
    name: place.name,
    value: write(lowest),
    gap: write(middle - lowest),
  });
  const rest = [
    say(language, 'summary.all', { readable: readable.length, total: rows.length, median: write(middle) }),
  ];
  const cloudy = rows.filter((row) => row.value !== undefined && row.value[0] === null).length;
  if (cloudy > 0)
    rest.push(say(language, isSeen(product) ? 'summary.cloudy' : 'summary.untold', { n: cloudy }));
  return { lead: readable.length > 2 ? { id: place.id, text } : null, rest };
}

/** True of what one image shows, where only cloud can hide a value; estimates of a season miss for many reasons. */
export function isSeen(product: Product): boolean {
  return product.statistics[0] === 'mean';
}

/** How many places are in each class that has any, and how many in none. */
function classCounts(language: Language, rows: readonly Row[], product: Product, write: Write): string[] {
  const counts = product.legend.flatMap(({ value }) => {
    const n = rows.filter((row) => row.value?.[0] === value).length;
    return n === 0 ? [] : [`${write(value)} ${n}`];
  });
  const untold = rows.filter((row) => row.value !== undefined && row.value[0] === null).length;
  return [
    say(language, 'summary.classes', { counts: counts.join(language === 'zh' ? '，' : ', ') }),
    ...(untold > 0 ? [say(language, 'summary.untold', { n: untold })] : []),
  ];
}

/** How a place stands against the others of its crop on that day; null with fewer than five of them to compare. */
export function against(
  language: Language,
  rows: readonly Row[],
  id: string,
  layers: string,
  write: Write,
): string | null {
  const own = rows.find((row) => row.place.id === id);
  const value = own?.value?.[0];
  if (own === undefined || typeof value !== 'number' || !own.place.crop) return null;
  const peers = rows
    .filter((row) => row.place.crop === own.place.crop && row.place.id !== id)
    .flatMap((row) => (typeof row.value?.[0] === 'number' ? [row.value[0]] : []));
  const middle = median(peers);
  if (middle === null || peers.length < 5) return null;
  const gap = write(Math.abs(value - middle));
  const fill = { crop: cropName(language, own.place.crop), gap, n: peers.length, layers };
  if (Number(gap) === 0) return say(language, 'detail.against.equal', fill);
  return say(language, value < middle ? 'detail.against.below' : 'detail.against.above', fill);
}

/** How the value of `date` differs from the last readable one before it; null when there is none. */
export function change(
  language: Language,
  points: readonly SeriesPoint[],
  date: string,
  write: Write,
): string | null {
  const readable = points.filter((point) => point.status === 'ok' && point.value !== null);
  const index = readable.findIndex((point) => point.date === date);
  if (index < 1) return null;
  const [before, now] = [readable[index - 1]!, readable[index]!];
  const step = now.value! - before.value!;
  const fill = { gap: write(Math.abs(step)), date: shortDay(language, before.date) };
  if (Number(fill.gap) === 0) return say(language, 'detail.change.equal', fill);
  return say(language, step < 0 ? 'detail.change.down' : 'detail.change.up', fill);
}

/** Clear share of the places whose middle is in view, weighted by area; null when none was observed there. */
export function clearInView(
  all: readonly Place[],
  observed: Readonly<Record<string, PlaceValue>>,
  box: readonly [number, number, number, number],
): number | null {
  let [clear, total] = [0, 0];
  for (const { id, center, areaMu } of all) {
    const value = observed[id];
    const inside = center[0] >= box[0] && center[0] <= box[2] && center[1] >= box[1] && center[1] <= box[3];
    if (value === undefined || !inside) continue;
    clear += value[1] * (areaMu ?? 1);
    total += areaMu ?? 1;
  }
  return total === 0 ? null : clear / total;
}
