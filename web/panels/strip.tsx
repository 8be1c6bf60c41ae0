import { computed } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Bbox, ImageDate } from '../client.ts';
import { collection, date, dates, placeDates, product, workspace } from '../data.ts';
import { tileUrl } from '../layers.ts';
import { go, language, view } from '../state.ts';
import { day, percent, shortDay } from '../text/format.ts';
import { say } from '../text/say.ts';
import { timeTicks } from '../time-axis.ts';
import { Notice } from './notice.tsx';

const SIDE_PX = 20;
const BAR_PX = 30;
const DAY_MS = 86_400_000;

/** The dates to show: with the clear share of the selection where there is one, else of the scenes. */
const marks = computed(() => {
  const ofPlace = view.value.place === null ? null : placeDates.value.data;
  return ofPlace ?? dates.value.data ?? [];
});

/** Goes to the date `by` steps later (earlier when negative); stays at the ends. */
export function stepDate(by: number): void {
  const rows = dates.peek().data ?? [];
  const index = rows.findIndex((row) => row.date === date.peek()?.date);
  const next = rows[Math.min(rows.length - 1, Math.max(0, index + by))];
  if (next !== undefined && next.date !== date.peek()?.date) go({ date: next.date });
}

/** Beyond a year a day needs its year beside it. */
const YEAR_MS = 366 * DAY_MS;

/** The date strip: one mark a date, as tall as its sky was clear, hollow where too little was. */
export function Strip() {
  const lang = language.value;
  const track = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  const [hovered, setHovered] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = track.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const rows = marks.value;
  const current = date.value;
  const minimum = product.value?.minimumClear ?? 0;
  const times = rows.map((row) => Date.parse(row.date));
  const from = Math.min(...times, Number.POSITIVE_INFINITY) - 4 * DAY_MS;
  const to = Math.max(...times, Number.NEGATIVE_INFINITY) + 4 * DAY_MS;
  const x = (time: number) => SIDE_PX + ((time - from) / (to - from)) * (width - 2 * SIDE_PX);
  const now = Date.now();
  const index = rows.findIndex((row) => row.date === current?.date);
  const nearest = (at: number) =>
    times.reduce((best, time, i) => (Math.abs(x(time) - at) < Math.abs(x(times[best]!) - at) ? i : best), 0);
  const over = hovered === null ? undefined : rows[hovered];

  return (
    <section class="strip" aria-label={say(lang, 'date.strip')}>
      <Notice of={dates.value} what="state.dates" />
      <button
        type="button"
        class="icon"
        aria-label={say(lang, 'date.previous')}
        disabled={index <= 0}
        onClick={() => stepDate(-1)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M12.500 4.500 7 10l5.500 5.500" />
        </svg>
      </button>
      {rows.length === 0 && dates.value.state === 'ready' && <p class="empty">{say(lang, 'date.none')}</p>}
      <div
        class="track"
        ref={track}
        role="slider"
        tabIndex={0}
        aria-label={say(lang, 'date.strip')}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, rows.length - 1)}
        aria-valuenow={Math.max(0, index)}
        aria-valuetext={rows[index] === undefined ? '' : markText(rows[index]!)}
        onPointerMove={(event) => {
          if (rows.length > 0 && event.pointerType === 'mouse') {
            setHovered(nearest(event.clientX - event.currentTarget.getBoundingClientRect().left));
          }
        }}
        onPointerLeave={() => setHovered(null)}
        onClick={(event) => {
          if (rows.length === 0) return;
          go({ date: rows[nearest(event.clientX - event.currentTarget.getBoundingClientRect().left)]!.date });
        }}
        onKeyDown={(event) => {
          if (event.key === 'Home') stepDate(-rows.length);
          if (event.key === 'End') stepDate(rows.length);
        }}
      >
        {rows.length > 0 && (
          <>
            {timeTicks(from, to, width - 2 * SIDE_PX, lang).map(({ at, label }) => (
              <span key={at} class="month" style={{ left: `${x(at)}px` }}>
                {label}
              </span>
            ))}
            {now > from && now < to && (
              <span class="today" title={say(lang, 'date.today')} style={{ left: `${x(now)}px` }} />
            )}
            {rows.map((row, i) => (
              <i
                key={row.date}
                class="mark"
                data-current={row.date === current?.date}
                data-hover={i === hovered}
                data-hollow={(row.clearFraction ?? 0) < minimum}
                style={{ left: `${x(times[i]!)}px`, height: `${4 + BAR_PX * (row.clearFraction ?? 0)}px` }}
              />
            ))}
            {current !== null && (
              <span
                class="current-date"
                style={{ left: `${Math.min(width - 46, Math.max(46, x(Date.parse(current.date))))}px` }}
              >
                {to - from > YEAR_MS ? day(lang, current.date) : shortDay(lang, current.date)}
              </span>
            )}
          </>
        )}
      </div>
      {over !== undefined && (
        <Preview
          row={over}
          left={Math.min(width - 48, Math.max(48, x(times[hovered!]!)))}
          minimum={minimum}
        />
      )}
      <button
        type="button"
        class="icon"
        aria-label={say(lang, 'date.next')}
        disabled={index < 0 || index >= rows.length - 1}
        onClick={() => stepDate(1)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M7.500 4.500 13 10l-5.500 5.500" />
        </svg>
      </button>
    </section>
  );
}

function markText(row: ImageDate): string {
  const lang = language.value;
  const fill = { date: day(lang, row.date), percent: percent(row.clearFraction ?? 0) };
  return say(lang, row.clearFraction === null ? 'date.markUnknown' : 'date.mark', fill);
}

/** What a date holds before going there: a thumbnail of the whole workspace and its clear share. */
function Preview({ row, left, minimum }: { row: ImageDate; left: number; minimum: number }) {
  const lang = language.value;
  const bbox = workspace.value.data?.bbox ?? null;
  const rowsOf = collection.value;
  const shown = product.value;
  return (
    <div class="preview" role="presentation" style={{ left: `${left + 36}px` }}>
      {bbox !== null && rowsOf !== null && shown !== null && (
        <Thumbnail bbox={bbox} template={tileUrl('maps', rowsOf.id, shown.id, row.date)} />
      )}
      <b>{day(lang, row.date)}</b>
      <span>
        {row.clearFraction === null
          ? ''
          : say(lang, 'list.clearShare', { percent: percent(row.clearFraction) })}
        {(row.clearFraction ?? 0) < minimum && (
          <em>{say(lang, 'date.below', { percent: percent(minimum) })}</em>
        )}
      </span>
    </div>
  );
}

const THUMBNAIL_PX = 96;

/** At most four tiles, scaled so that the workspace's longer side fills 96 px. */
function Thumbnail({ bbox, template }: { bbox: Bbox; template: string }) {
  const [left, top, right, bottom] = mercatorBox(bbox);
  const zoom = Math.max(0, Math.floor(Math.log2(1 / Math.max(right - left, bottom - top))));
  const scale = 2 ** zoom;
  const pixels = THUMBNAIL_PX / Math.max(right - left, bottom - top) / scale;
  const tiles: { x: number; y: number }[] = [];
  for (let y = Math.floor(top * scale); y <= Math.floor(bottom * scale); y++) {
    for (let x = Math.floor(left * scale); x <= Math.floor(right * scale); x++) tiles.push({ x, y });
  }
  return (
    <div
      class="thumbnail"
      style={{
        width: `${(right - left) * scale * pixels}px`,
        height: `${(bottom - top) * scale * pixels}px`,
      }}
    >
      {tiles.map(({ x, y }) => (
        <img
          key={`${x} ${y}`}
          alt=""
          src={template.replace('{z}', String(zoom)).replace('{x}', String(x)).replace('{y}', String(y))}
          style={{
            left: `${(x - left * scale) * pixels}px`,
            top: `${(y - top * scale) * pixels}px`,
            width: `${pixels}px`,
            height: `${pixels}px`,
          }}
        />
      ))}
    </div>
  );
}

/** A box in Web-Mercator units, 0 to 1 from the north-west corner of the world: left, top, right, bottom. */
function mercatorBox([west, south, east, north]: Bbox): [number, number, number, number] {
  const y = (lat: number) => (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2;
  return [(west + 180) / 360, y(north), (east + 180) / 360, y(south)];
}
