import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Product, SeriesPoint } from './client.ts';
import { axisOf, colorAt, ticksOf, valueText } from './layers.ts';
import { joinFacts, percent, shortDay, tickTexts } from './text/format.ts';
import { type Language, say } from './text/say.ts';
import { isSeen } from './text/sentences.ts';
import { timeTicks } from './time-axis.ts';

const MARGIN = { top: 14, right: 14, bottom: 24, left: 34 };
const HEIGHT = 208;
const DAY_MS = 86_400_000;

/** Radius in px of a point whose area is its clear share: 6 at 1, 3 at 0.25. */
export function radiusOf(clearFraction: number): number {
  return 6 * Math.sqrt(Math.max(0.06, clearFraction));
}

/** Runs of readable points in order; an insufficient date between two points ends a run, so gaps stay open. */
export function runsOf(points: readonly SeriesPoint[]): SeriesPoint[][] {
  const runs: SeriesPoint[][] = [[]];
  for (const point of points) {
    if (point.status === 'ok' && point.value !== null) runs.at(-1)!.push(point);
    else if (runs.at(-1)!.length > 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

interface ChartProps {
  readonly points: readonly SeriesPoint[];
  readonly product: Product;
  readonly date: string | null;
  readonly language: Language;
  readonly onDate: (date: string) => void;
}

/** The season of one place: points by clear share, an open gap where a date is too cloudy, a click goes to that date. */
export function SeasonChart({ points, product, date, language, onDate }: ChartProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(372);
  const [hovered, setHovered] = useState<number | null>(null);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => setWidth(Math.max(240, element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const times = points.map((point) => Date.parse(point.date));
  const [from, to] = [Math.min(...times) - 5 * DAY_MS, Math.max(...times) + 5 * DAY_MS];
  const [low, high] = axisOf(product);
  const right = width - MARGIN.right;
  const bottom = HEIGHT - MARGIN.bottom;
  const x = (time: number) => MARGIN.left + ((time - from) / (to - from)) * (right - MARGIN.left);
  const y = (value: number) =>
    bottom - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (bottom - MARGIN.top);
  const ticks = low === 0 && high === 1 ? [0, 0.2, 0.4, 0.6, 0.8, 1] : ticksOf(product);
  const labels =
    product.classes === null ? tickTexts(ticks) : ticks.map((tick) => valueText(product, tick, language));
  const shown = hovered ?? points.findIndex((point) => point.date === date);
  const focus = points[shown];

  const nearest = (clientX: number, box: DOMRect) => {
    const at = clientX - box.left;
    return times.reduce(
      (best, time, i) => (Math.abs(x(time) - at) < Math.abs(x(times[best]!) - at) ? i : best),
      0,
    );
  };

  return (
    <figure class="chart" ref={frame}>
      <figcaption class="chart-head">
        <h3>{say(language, 'chart.title')}</h3>
        <span class="readout" aria-live="polite">
          {focus === undefined ? '' : <Readout point={focus} product={product} language={language} />}
        </span>
      </figcaption>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys of the page step through the same dates */}
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${say(language, 'chart.title')}: ${points.map((point) => pointText(point, product, language)).join('; ')}`}
        onPointerMove={(event) =>
          setHovered(nearest(event.clientX, event.currentTarget.getBoundingClientRect()))
        }
        onPointerLeave={() => setHovered(null)}
        onClick={(event) =>
          onDate(points[nearest(event.clientX, event.currentTarget.getBoundingClientRect())]!.date)
        }
      >
        {ticks.map((tick, i) => (
          <g key={tick}>
            <line
              class={tick === low ? 'axis' : 'grid'}
              x1={MARGIN.left}
              x2={right}
              y1={y(tick)}
              y2={y(tick)}
            />
            <text class="tick" x={MARGIN.left - 8} y={y(tick) + 4} text-anchor="end">
              {labels[i]}
            </text>
          </g>
        ))}
        {timeTicks(from, to, right - MARGIN.left, language).map(({ at, label }) => (
          <g key={at}>
            <line class="axis" x1={x(at)} x2={x(at)} y1={bottom} y2={bottom + 4} />
            <text class="tick" x={x(at) + 3} y={bottom + 17}>
              {label}
            </text>
          </g>
        ))}
        {focus !== undefined && (
          <line
            class="cursor-line"
            x1={x(times[shown]!)}
            x2={x(times[shown]!)}
            y1={MARGIN.top - 8}
            y2={bottom}
          />
        )}
        {runsOf(points).map((run) => (
          <polyline
            key={run[0]!.date}
            class="curve"
            points={run.map((p) => `${x(Date.parse(p.date))},${y(p.value!)}`).join(' ')}
          />
        ))}
        {points.map((point, i) => (
          <Mark
            key={point.datetime + point.scene}
            point={point}
            x={x(times[i]!)}
            y={point.value === null || point.status !== 'ok' ? bottom : y(point.value)}
            low={point.low === null ? null : y(point.low)}
            high={point.high === null ? null : y(point.high)}
            color={point.value === null ? null : colorAt(product, point.value)}
            current={point.date === date}
            beyond={point.value === null ? 0 : point.value < low ? 1 : point.value > high ? -1 : 0}
          />
        ))}
      </svg>
      <p class="note">{say(language, 'chart.caption')}</p>
    </figure>
  );
}

interface MarkProps {
  readonly point: SeriesPoint;
  readonly x: number;
  readonly y: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly color: string | null;
  readonly current: boolean;
  /** 1 when the value lies under the axis, −1 when above it: the point sits on the edge and an arrow says so. */
  readonly beyond: -1 | 0 | 1;
}

function Mark({ point, x, y, low, high, color, current, beyond }: MarkProps) {
  const radius = radiusOf(point.clearFraction);
  if (point.status !== 'ok' || color === null) {
    return <circle class={current ? 'hollow current' : 'hollow'} cx={x} cy={y} r={3.5} />;
  }
  return (
    <g>
      {low !== null && high !== null && <line class="whisker" x1={x} x2={x} y1={low} y2={high} />}
      {current && <circle class="ring" cx={x} cy={y} r={radius + 4} />}
      {beyond !== 0 && (
        <path class="beyond" d={`M${x - 4} ${y + beyond * (radius + 3)}h8l-4 ${beyond * 5}z`} />
      )}
      <circle class="dot" cx={x} cy={y} r={radius} fill={color} />
    </g>
  );
}

function Readout({ point, product, language }: { point: SeriesPoint; product: Product; language: Language }) {
  const clear = say(language, 'list.clearShare', { percent: percent(point.clearFraction) });
  if (point.status !== 'ok' || point.value === null) {
    return (
      <>
        {shortDay(language, point.date)}{' '}
        <span class="quiet">
          {joinFacts([clear, say(language, isSeen(product) ? 'list.unread' : 'list.untold')])}
        </span>
      </>
    );
  }
  return (
    <>
      {shortDay(language, point.date)} <b>{valueText(product, point.value, language)}</b>{' '}
      <span class="quiet">{clear}</span>
    </>
  );
}

function pointText(point: SeriesPoint, product: Product, language: Language): string {
  const fill = {
    date: shortDay(language, point.date),
    percent: percent(point.clearFraction),
    n: point.pixelCount,
  };
  return point.status === 'ok' && point.value !== null
    ? say(language, 'chart.point', { ...fill, value: valueText(product, point.value, language) })
    : say(language, 'chart.hollow', fill);
}
