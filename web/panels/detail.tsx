import { useState } from 'preact/hooks';
import { SeasonChart } from '../chart.tsx';
import type { Product, Series, SeriesPoint } from '../client.ts';
import { collection, date, place, product, regionOf, series, shownSeries } from '../data.ts';
import { colorAt, valueText } from '../layers.ts';
import { go, language, view } from '../state.ts';
import { csvOf } from '../text/csv.ts';
import { area, count, day, joinFacts, percent } from '../text/format.ts';
import { cropName, type Language, say } from '../text/say.ts';
import { against, change } from '../text/sentences.ts';
import { sheet } from './frame.ts';
import { rows } from './list.tsx';
import { Notice } from './notice.tsx';
import { SheetHandle } from './sheet.tsx';

/** One place: what it is, its value that day with what it rests on, a sentence, the season curve, the source. */
export function Detail() {
  const id = view.value.place;
  if (id === null) return null;
  const lang = language.value;
  const answer = shownSeries.value;
  const name = answer?.place.name ?? place.value?.name ?? id;
  const crop = answer?.place.crop ?? place.value?.crop ?? null;
  const shown = product.value;
  return (
    <aside class="detail" data-stop={sheet.value} aria-label={name}>
      <SheetHandle />
      <header>
        <div>
          <h2>{name}</h2>
          <p class="quiet">{joinFacts([cropName(lang, crop), regionOf(answer?.place.region)])}</p>
        </div>
        <button
          type="button"
          class="icon"
          aria-label={say(lang, 'detail.close')}
          onClick={() => go({ place: null })}
        >
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="m5 5 10 10M15 5 5 15" />
          </svg>
        </button>
      </header>
      <Notice of={series.value} what="state.series" />
      {answer !== null && shown !== null && <Body answer={answer} product={shown} lang={lang} id={id} />}
    </aside>
  );
}

function Body({
  answer,
  product: shown,
  lang,
  id,
}: {
  answer: Series;
  product: Product;
  lang: Language;
  id: string;
}) {
  const current = date.value?.date ?? null;
  const point = answer.points.find((one) => one.date === current);
  const write = (value: number) => valueText(shown, value, lang);
  const reason = point?.status === 'ok' ? (point.reason?.[lang] ?? null) : null;
  // Classes have no distances; why a place is in one is said with it.
  const compared =
    shown.classes === null
      ? [
          against(lang, rows.value, id, layersWord(lang), write),
          current === null ? null : change(lang, answer.points, current, write),
        ]
      : [];
  const words = [reason, ...compared].filter((sentence) => sentence !== null);
  return (
    <div class="detail-body">
      <Reading point={point} product={shown} minimum={answer.minimumClear} lang={lang} />
      {words.length > 0 && (
        <p class="sentence">
          {words.map((sentence) => (
            <span key={sentence}>{sentence} </span>
          ))}
        </p>
      )}
      {answer.points.length === 0 ? (
        <p class="empty">{say(lang, 'chart.empty')}</p>
      ) : (
        <SeasonChart
          points={answer.points}
          product={shown}
          date={current}
          language={lang}
          onDate={(next) => go({ date: next })}
        />
      )}
      <Facts answer={answer} point={point} lang={lang} />
      <Actions answer={answer} lang={lang} />
    </div>
  );
}

/** The layer in the middle of a sentence. */
function layersWord(lang: Language): string {
  return say(lang, view.value.layer === 'parcels' ? 'layer.parcels' : 'layer.stands').toLowerCase();
}

function Reading({
  point,
  product: shown,
  minimum,
  lang,
}: {
  point: SeriesPoint | undefined;
  product: Product;
  minimum: number;
  lang: Language;
}) {
  const layer = say(lang, view.value.layer === 'parcels' ? 'layer.parcel' : 'layer.stand');
  if (point === undefined) return <p class="reading-why">{say(lang, 'detail.absent', { layer })}</p>;
  const clear = say(lang, 'list.clearShare', { percent: percent(point.clearFraction) });
  if (point.status !== 'ok' || point.value === null) {
    const fill = { clear: percent(point.clearFraction), minimum: percent(minimum) };
    return (
      <div class="reading">
        <span class="reading-frame">
          {say(lang, point.reason === null ? 'detail.insufficient' : 'list.untold')}
        </span>
        <p class="reading-why">{point.reason?.[lang] ?? say(lang, 'detail.insufficientWhy', fill)}</p>
      </div>
    );
  }
  return (
    <div class="reading">
      <i class="chip" style={{ background: colorAt(shown, point.value) }} />
      <strong>{valueText(shown, point.value, lang)}</strong>
      <span class="reading-unit">{shown.unit === '1' ? '' : shown.unit}</span>
      <p>
        <span>
          {joinFacts([
            shown.title[lang],
            shown.statistics[0] === 'mean' ? say(lang, 'detail.mean', { layer }) : null,
            point.low === null || point.high === null
              ? null
              : `${valueText(shown, point.low, lang)}–${valueText(shown, point.high, lang)}`,
          ])}
        </span>
        <span>
          {joinFacts([
            day(lang, point.date),
            say(lang, 'detail.pixels', { n: count(point.pixelCount) }),
            clear,
          ])}
        </span>
      </p>
    </div>
  );
}

function Facts({ answer, point, lang }: { answer: Series; point: SeriesPoint | undefined; lang: Language }) {
  const { place: one, source } = answer;
  const sensor = collection.value === null ? source.sensor : collection.value.sensor.title[lang];
  const facts: readonly (readonly [label: string, value: string | null | undefined])[] = [
    [
      say(lang, 'detail.area'),
      joinFacts([
        say(lang, 'detail.areaMu', { mu: area(one.areaMu) }),
        say(lang, 'detail.areaHa', { ha: area(one.areaM2 / 10_000) }),
      ]),
    ],
    [say(lang, 'detail.code'), one.code],
    [say(lang, 'detail.scene'), point?.scene],
    [say(lang, 'detail.sensor'), sensor],
    [say(lang, 'detail.version'), source.version],
  ];
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value)
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

function Actions({ answer, lang }: { answer: Series; lang: Language }) {
  const [copied, setCopied] = useState(false);
  return (
    <p class="actions">
      <button
        type="button"
        onClick={() =>
          navigator.clipboard?.writeText(location.href).then(
            () => setCopied(true),
            () => setCopied(false),
          )
        }
      >
        {say(lang, copied ? 'detail.linked' : 'detail.link')}
      </button>
      <button
        type="button"
        onClick={() => download(`${answer.place.id}-${answer.product}.csv`, csvOf(answer))}
      >
        {say(lang, 'detail.csv')}
      </button>
    </p>
  );
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
