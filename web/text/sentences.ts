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

/** What the whole list says, in up to three short sentences: how many are readable, the lowest, the unreadable. */
export function summary(
  language: Language,
  rows: readonly Row[],
  product: Product,
  layer: string,
  write: Write,
): readonly string[] {
  const readable = rows.filter((row) => typeof row.value?.[0] === 'number');
  const middle = median(readable.map((row) => row.value![0]!));
  if (rows.length === 0) return [];
  if (middle === null) {
    return [
      say(language, 'summary.none', { layer: layer.toLowerCase(), percent: percent(product.minimumClear) }),
    ];
  }
  const sentences = [
    say(language, 'summary.all', { readable: readable.length, total: rows.length, median: write(middle) }),
  ];
  const lowest = readable[0]!;
  const gap = middle - lowest.value![0]!;
  if (readable.length > 2) {
    sentences.push(
      say(language, 'summary.low', {
        name: lowest.place.name,
        value: write(lowest.value![0]!),
        gap: write(gap),
      }),
    );
  }
  const cloudy = rows.filter((row) => row.value !== undefined && row.value[0] === null).length;
  if (cloudy > 0) sentences.push(say(language, 'summary.cloudy', { n: cloudy }));
  return sentences;
}

/** How a place stands against the others of its crop on that day; null with fewer than five of them to compare. */
export function against(language: Language, rows: readonly Row[], id: string, write: Write): string | null {
  const own = rows.find((row) => row.place.id === id);
  const value = own?.value?.[0];
  if (own === undefined || typeof value !== 'number' || !own.place.crop) return null;
  const peers = rows
    .filter((row) => row.place.crop === own.place.crop && row.place.id !== id)
    .flatMap((row) => (typeof row.value?.[0] === 'number' ? [row.value[0]] : []));
  const middle = median(peers);
  if (middle === null || peers.length < 5) return null;
  const gap = write(Math.abs(value - middle));
  const fill = { crop: cropName(language, own.place.crop), gap, n: peers.length };
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
