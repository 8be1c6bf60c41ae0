import { computed, signal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { PlaceValue } from '../client.ts';
import { dates, places, product, shownValues, values, workspace } from '../data.ts';
import { colorAt, valueText } from '../layers.ts';
import { go, language, type PlaceLayer, view } from '../state.ts';
import { area, count, joinFacts, percent } from '../text/format.ts';
import { cropName, type Language, say } from '../text/say.ts';
import { isSeen, matching, type Row, rowsOf, summary } from '../text/sentences.ts';
import { drawer, sheet } from './frame.ts';
import { Notice } from './notice.tsx';
import { SheetHandle } from './sheet.tsx';

const ROW_PX = 56;
const SPARE_ROWS = 6;
const LAYERS: readonly PlaceLayer[] = ['parcels', 'stands'];

const query = signal('');
/** Places of the layer with their values of the day, lowest first. */
export const rows = computed(() => rowsOf(places.value.data?.places ?? [], shownValues.value ?? {}));
const found = computed(() => matching(rows.value, query.value, language.value));

/** The list: a sentence on the whole, search, then every place, lowest value first. */
export function List() {
  const lang = language.value;
  const layer = view.value.layer;
  const shown = product.value;
  const words = layerName(lang, layer);
  const all = places.value.data;
  const said =
    shown === null || shownValues.value === null
      ? null
      : summary(lang, rows.value, shown, words, (value) => valueText(shown, value, lang));
  const counts = workspace.value.data?.counts;
  const stale = values.value.state === 'loading';
  return (
    <aside
      class="list"
      data-open={drawer.value}
      data-stop={sheet.value}
      aria-label={say(lang, 'list.title', { layer: words })}
    >
      <SheetHandle />
      <div class="list-head">
        <p class="summary">
          {said?.lead && (
            <button type="button" onClick={() => choose(said.lead!.id)}>
              {said.lead.text}
            </button>
          )}
          {said?.rest.map((sentence) => (
            <span key={sentence}>{sentence}</span>
          ))}
          {said === null && <span>{say(lang, 'sheet.hint')}</span>}
        </p>
        <div class="tabs" role="tablist">
          {LAYERS.filter((one) => one === layer || (counts?.[one] ?? 0) > 0).map((one) => (
            <button
              key={one}
              type="button"
              role="tab"
              aria-selected={one === layer}
              onClick={() => one !== layer && go({ layer: one, place: null })}
            >
              {layerName(lang, one)} <small>{counts?.[one] === undefined ? '' : count(counts[one])}</small>
            </button>
          ))}
        </div>
        <input
          type="search"
          value={query.value}
          placeholder={say(lang, 'list.search')}
          aria-label={say(lang, 'list.search')}
          onInput={(event) => {
            query.value = event.currentTarget.value;
          }}
        />
      </div>
      <Notice of={places.value} what="state.places" />
      <Notice of={values.value} what="state.values" />
      {all !== null && all.total > all.places.length && (
        <p class="note pad">
          {say(lang, 'list.partial', { shown: count(all.places.length), total: count(all.total) })}
        </p>
      )}
      {all !== null && all.places.length === 0 && (
        <p class="empty">{say(lang, 'list.empty', { layer: words.toLowerCase() })}</p>
      )}
      {all !== null && all.places.length > 0 && found.value.length === 0 && (
        <p class="empty">
          {say(lang, 'list.none', { query: query.value, layer: words.toLowerCase() })}{' '}
          <button
            type="button"
            onClick={() => {
              query.value = '';
            }}
          >
            {say(lang, 'list.clear')}
          </button>
        </p>
      )}
      <Rows rows={found.value} stale={stale && dates.value.data !== null} />
    </aside>
  );
}

function layerName(lang: Language, layer: PlaceLayer): string {
  return say(lang, layer === 'parcels' ? 'layer.parcels' : 'layer.stands');
}

/** Only the rows in sight are in the page, so that a county's list scrolls like a short one. */
function Rows({ rows: all, stale }: { rows: readonly Row[]; stale: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);
  const selected = view.value.place;
  const index = all.findIndex((row) => row.place.id === selected);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || index < 0) return;
    const above = index * ROW_PX;
    if (above < element.scrollTop) element.scrollTop = above;
    else if (above + ROW_PX > element.scrollTop + element.clientHeight)
      element.scrollTop = above + ROW_PX - element.clientHeight;
  }, [index]);
  const first = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(all.length, Math.ceil((top + height) / ROW_PX) + SPARE_ROWS);
  const step = (by: number) => {
    const next = all[Math.min(all.length - 1, Math.max(0, index + by))];
    if (next !== undefined) choose(next.place.id);
  };
  return (
    <div
      class={stale ? 'rows stale' : 'rows'}
      ref={box}
      role="listbox"
      tabIndex={0}
      aria-activedescendant={index < 0 ? undefined : `row-${index}`}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      onKeyDown={(event) => {
        const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 8, PageUp: -8 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        step(by);
      }}
    >
      <div class="rows-space" style={{ height: `${all.length * ROW_PX}px` }}>
        {all.slice(first, last).map((row, i) => (
          <RowView key={row.place.id} row={row} index={first + i} selected={row.place.id === selected} />
        ))}
      </div>
    </div>
  );
}

/** Why a row has no number; nothing while the values are not there, because then nobody knows. */
function unknownText(value: PlaceValue | undefined): string {
  if (shownValues.value === null) return '';
  if (value === undefined) return say(language.value, 'list.missing');
  const shown = product.value;
  return say(language.value, shown === null || isSeen(shown) ? 'list.unread' : 'list.untold');
}

function choose(id: string): void {
  go({ place: id });
  if (sheet.value === 'full') sheet.value = 'half';
}

function RowView({ row, index, selected }: { row: Row; index: number; selected: boolean }) {
  const lang = language.value;
  const shown = product.value;
  const { place, value } = row;
  const known = typeof value?.[0] === 'number' && shown !== null ? value[0] : null;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list box handles the keys for its options
    <div
      id={`row-${index}`}
      class="row"
      role="option"
      aria-selected={selected}
      tabIndex={-1}
      style={{ top: `${index * ROW_PX}px` }}
      onClick={() => choose(place.id)}
    >
      <i
        class="swatch"
        style={known === null ? {} : { background: colorAt(shown!, known) }}
        data-known={known !== null || shownValues.value === null}
      />
      <span class="row-name">{place.name}</span>
      <span class="row-facts">
        {joinFacts([
          cropName(lang, place.crop),
          place.areaMu === null ? null : say(lang, 'detail.areaMu', { mu: area(place.areaMu) }),
        ])}
      </span>
      <span class={known === null ? 'row-value unknown' : 'row-value'}>
        {known !== null ? valueText(shown!, known, lang) : unknownText(value)}
      </span>
      <span class="row-clear">
        {value === undefined ? '' : say(lang, 'list.clearShare', { percent: percent(value[1]) })}
      </span>
    </div>
  );
}
