import { computed, effect, type Signal, signal } from '@preact/signals';
import {
  ask,
  type Bbox,
  type Bilingual,
  Failure,
  type Footprint,
  footprintOf,
  type ImageDate,
  type Place,
  type Product,
  placesOf,
  type Series,
  shapeOf,
  type Values,
  type Workspace,
} from './client.ts';
import { layer, type PlaceLayer, placeId, view } from './state.ts';

/** Something asked from the server; while it loads or fails, what was there before stays readable. */
export interface Resource<T> {
  readonly state: 'idle' | 'loading' | 'ready' | 'failed';
  readonly data: T | null;
  /** Why it failed; null words mean that nothing answered. */
  readonly failure: { readonly words: Bilingual | null } | null;
}

export const products = resource<readonly Product[]>();
export const workspace = resource<Workspace>();
/** Dates with the clear share of the scenes. */
export const dates = resource<readonly ImageDate[]>();
/** The same dates with the clear share of the selected place. */
export const placeDates = resource<readonly ImageDate[]>();
export const values = resource<Values & { readonly layer: PlaceLayer }>();
export const places = resource<{ readonly places: readonly Place[]; readonly total: number }>();
export const regions = resource<{ readonly places: readonly Place[]; readonly total: number }>();
export const series = resource<Series>();
/** Outlines of the scenes of the date on show. */
export const footprints = resource<readonly Footprint[]>();

/** What the workspace shows: the county drawn in it, else the workspace's own name. */
export const regionName = computed(() => {
  const county = regions.value.data?.places.find((region) => region.level === 'county');
  return county?.name ?? workspace.value.data?.name ?? '';
});

/** A region's name by its code; an unknown code stays as it is. */
export function regionOf(code: string | null | undefined): string | null {
  return regions.value.data?.places.find((region) => region.code === code)?.name ?? code ?? null;
}

/** The box around the scenes on show, else around everything in the workspace. */
export const extent = computed<Bbox | null>(() => {
  const boxes = (footprints.value.data ?? []).flatMap((one) => {
    const shape = shapeOf(one.coordinates);
    return shape === null ? [] : [shape.bbox];
  });
  const waits = dates.value.state === 'loading' || footprints.value.state === 'loading';
  if (boxes.length === 0) return waits ? null : (workspace.value.data?.bbox ?? null);
  return [
    Math.min(...boxes.map((box) => box[0])),
    Math.min(...boxes.map((box) => box[1])),
    Math.max(...boxes.map((box) => box[2])),
    Math.max(...boxes.map((box) => box[3])),
  ];
});

/** Products that something was published of; all of them while nothing was. */
export const offered = computed<readonly Product[] | null>(() => {
  const all = products.value.data;
  const published = new Set((workspace.value.data?.collections ?? []).flatMap((one) => one.products));
  const some = all?.filter(({ id }) => published.has(id)) ?? [];
  return some.length > 0 ? some : all;
});

export const product = computed(() => pick(offered.value, view.value.product));
/** Collections that the product on show was published in; all of them while it was in none. */
export const collections = computed(() => {
  const all = workspace.value.data?.collections ?? [];
  const some = all.filter(({ products: own }) => own.includes(product.value?.id ?? ''));
  return some.length > 0 ? some : all;
});
/** The values that belong to what is on show; null while only those of another product or layer are there. */
export const shownValues = computed(() => {
  const answer = values.value.data;
  return answer !== null && answer.product === product.value?.id && answer.layer === layer.value
    ? answer.values
    : null;
});
/** The series of the selected place and product; null while only another one is there. */
export const shownSeries = computed(() => {
  const answer = series.value.data;
  return answer?.place.id === placeId.value && answer?.product === product.value?.id ? answer : null;
});
export const collection = computed(() => pick(collections.value, view.value.collection));

/** The date on show: the one asked for or the nearest to it, else the latest that is clear enough. */
export const date = computed(() =>
  chooseDate(dates.value.data ?? [], view.value.date, product.value?.minimumClear ?? 0),
);

/** The place on show as the list knows it; null while the list has not come. */
export const place = computed(
  () => places.value.data?.places.find((one) => one.id === view.value.place) ?? null,
);

function pick<T extends { readonly id: string }>(rows: readonly T[] | null, id: string | null): T | null {
  return rows?.find((row) => row.id === id) ?? rows?.[0] ?? null;
}

/** The date to show among `rows` (ascending). With no wish: the latest with enough clear sky, else the clearest. */
export function chooseDate(
  rows: readonly ImageDate[],
  wished: string | null,
  minimumClear: number,
): ImageDate | null {
  if (rows.length === 0) return null;
  if (wished !== null) {
    const distance = (row: ImageDate) => Math.abs(Date.parse(row.date) - Date.parse(wished));
    return rows.reduce((best, row) => (distance(row) < distance(best) ? row : best));
  }
  const clear = (row: ImageDate) => row.clearFraction ?? 0;
  return (
    rows.findLast((row) => clear(row) >= minimumClear) ??
    rows.reduce((best, row) => (clear(row) > clear(best) ? row : best))
  );
}

function resource<T>(): Signal<Resource<T>> {
  return signal<Resource<T>>({ state: 'idle', data: null, failure: null });
}

const retries = signal(0);

/** Asks again for everything that failed. */
export function retry(): void {
  retries.value++;
}

/** Starts all questions; each asks again when what it depends on changes, and drops the answer to an older one. */
export function startAsking(): void {
  keep(
    products,
    () => 'all',
    async (stop) => (await ask<{ products: Product[] }>('/v1/products', {}, stop)).products,
  );
  keep(
    workspace,
    () => 'all',
    (stop) => ask<Workspace>('/v1/workspace', {}, stop),
  );
  keep(
    regions,
    () => 'all',
    (stop) => placesOf('regions', stop),
  );
  keep(
    places,
    () => view.value.layer,
    (stop) => placesOf(view.peek().layer, stop),
  );
  keep(dates, collectionProduct, (stop) => askDates(stop, null));
  keep(
    placeDates,
    () => (view.value.place === null ? null : joined(collectionProduct(), view.value.place)),
    (stop) => askDates(stop, view.peek().place),
  );
  keep(
    values,
    () => joined(collectionProduct(), date.value?.date, view.value.layer),
    async (stop) => {
      const asksFor = view.peek().layer;
      const query = { ...asked(), date: date.peek()!.date, layer: asksFor, statistic: statistic() };
      return { ...(await ask<Values>('/v1/values', query, stop)), layer: asksFor };
    },
  );
  keep(
    footprints,
    () => joined(...(date.value?.scenes ?? [null])),
    (stop) => Promise.all(date.peek()!.scenes.map((id) => footprintOf(id, stop))),
  );
  keep(
    series,
    () =>
      view.value.place === null ? null : joined(collectionProduct(), view.value.layer, view.value.place),
    (stop) => {
      const { layer, place: id } = view.peek();
      return ask<Series>(
        `/v1/${layer}/${encodeURIComponent(id!)}/series`,
        { ...asked(), statistic: statistic() },
        stop,
      );
    },
  );
}

function collectionProduct(): string | null {
  return joined(collection.value?.id, product.value?.id);
}

function joined(...parts: (string | null | undefined)[]): string | null {
  return parts.every((part) => part !== null && part !== undefined) ? parts.join('\n') : null;
}

/** What a product says of a place first: a mean, a grade. */
function statistic(): string {
  return product.peek()!.statistics[0]!;
}

function asked(): { collection: string; product: string } {
  return { collection: collection.peek()!.id, product: product.peek()!.id };
}

async function askDates(stop: AbortSignal, id: string | null): Promise<readonly ImageDate[]> {
  const answer = await ask<{ dates: ImageDate[] }>('/v1/dates', { ...asked(), place: id }, stop);
  return answer.dates.toSorted((a, b) => a.date.localeCompare(b.date));
}

/** Keeps a resource equal to the answer for `key`; a null key empties it. */
function keep<T>(
  target: Signal<Resource<T>>,
  key: () => string | null,
  question: (stop: AbortSignal) => Promise<T>,
): void {
  let current: string | null = null;
  let running: AbortController | null = null;
  effect(() => {
    const wanted = key();
    const again = retries.value > 0 && target.peek().state === 'failed';
    if (wanted === current && !again) return;
    current = wanted;
    running?.abort();
    if (wanted === null) {
      target.value = { state: 'idle', data: null, failure: null };
      return;
    }
    const mine = new AbortController();
    running = mine;
    target.value = { ...target.peek(), state: 'loading', failure: null };
    question(mine.signal).then(
      (data) => {
        if (!mine.signal.aborted) target.value = { state: 'ready', data, failure: null };
      },
      (error: unknown) => {
        if (mine.signal.aborted) return;
        const words = error instanceof Failure ? error.words : null;
        target.value = { ...target.peek(), state: 'failed', failure: { words } };
      },
    );
  });
}
