import type { Product } from '../client.ts';
import { date, places, product, shownValues, workspace } from '../data.ts';
import { rangeOf, ticksOf, valueText } from '../layers.ts';
import { bounds, busy, go, isolated, language, tilesFailed, view } from '../state.ts';
import { day, percent, tickTexts } from '../text/format.ts';
import { say } from '../text/say.ts';
import { clearInView } from '../text/sentences.ts';
import { legendFolded } from './frame.ts';

/** The legend: one bar with ticks and words at its ends, date and clear share in view, opacity, the hatch's meaning. */
export function Legend() {
  const lang = language.value;
  const shown = product.value;
  if (shown === null) return null;
  const folded = legendFolded.value;
  const current = date.value;
  return (
    <section class="legend" data-folded={folded} aria-label={say(lang, 'legend.title')}>
      {busy.value && <div class="waiting" />}
      {workspace.value.data?.simulated && <div class="ribbon">{say(lang, 'simulated')}</div>}
      <button
        type="button"
        class="legend-head"
        aria-expanded={!folded}
        title={say(lang, folded ? 'legend.unfold' : 'legend.fold')}
        onClick={() => {
          legendFolded.value = !folded;
        }}
      >
        <b>{shown.title[lang]}</b>
        <small>{shown.unit === '1' ? say(lang, 'legend.unitless') : shown.unit}</small>
      </button>
      {shown.classes === null ? <Ramp product={shown} /> : <Classes product={shown} />}
      {!folded && (
        <>
          <p class="legend-when">
            {current === null ? '' : day(lang, current.date)}
            <span>{clearText()}</span>
          </p>
          <p class="legend-hatch">
            <i /> {say(lang, 'legend.hatch')}
          </p>
          <label class="opacity">
            <span>{say(lang, 'legend.opacity')}</span>
            <input
              type="range"
              min="0"
              max="100"
              step="1"
              value={Math.round(view.value.opacity * 100)}
              onInput={(event) => go({ opacity: Number(event.currentTarget.value) / 100 }, 'replace')}
            />
            <output>{Math.round(view.value.opacity * 100)} %</output>
          </label>
          {tilesFailed.value && <p class="failed">{say(lang, 'map.tilesFailed')}</p>}
        </>
      )}
    </section>
  );
}

function clearText(): string {
  const lang = language.value;
  const [all, observed, box] = [places.value.data?.places, shownValues.value, bounds.value];
  const share = all && observed && box ? clearInView(all, observed, box) : null;
  if (share !== null) {
    const layer = say(lang, view.value.layer === 'parcels' ? 'layer.parcels' : 'layer.stands');
    return say(lang, 'legend.clearInView', { layer, percent: percent(share) });
  }
  const whole = date.value?.clearFraction ?? null;
  return whole === null ? '' : say(lang, 'legend.clearOfScene', { percent: percent(whole) });
}

/** The bar with a button for each stretch between two stops: it shows that stretch alone, and again shows all. */
function Ramp({ product: shown }: { product: Product }) {
  const lang = language.value;
  const [low, high] = rangeOf(shown);
  const share = (value: number) => `${((value - low) / (high - low)) * 100}%`;
  const stops = shown.legend.map((stop) => `${stop.color} ${share(stop.value)}`).join(', ');
  const only = isolated.value;
  const ticks = ticksOf(shown);
  return (
    <div class="ramp">
      <div class="ramp-bar" style={{ background: `linear-gradient(to right, ${stops})` }}>
        {shown.legend.slice(0, -1).map((stop, i) => {
          const next = shown.legend[i + 1]!;
          const on = only !== null && only[0] === stop.value;
          const fill = { low: valueText(shown, stop.value, lang), high: valueText(shown, next.value, lang) };
          return (
            <button
              key={stop.value}
              type="button"
              style={{
                left: share(stop.value),
                width: `${((next.value - stop.value) / (high - low)) * 100}%`,
              }}
              aria-pressed={on}
              data-dim={only !== null && !on}
              title={on ? say(lang, 'legend.all') : say(lang, 'legend.isolate', fill)}
              aria-label={on ? say(lang, 'legend.all') : say(lang, 'legend.isolate', fill)}
              onClick={() => {
                isolated.value = on ? null : [stop.value, next.value];
              }}
            />
          );
        })}
      </div>
      <div class="ramp-ticks">
        {ticks.map((tick, i) => (
          <span key={tick} style={{ left: share(tick) }}>
            {tickTexts(ticks)[i]}
          </span>
        ))}
      </div>
      <div class="ramp-ends">
        <span>{shown.ends[lang][0]}</span>
        <span>{shown.ends[lang][1]}</span>
      </div>
    </div>
  );
}

/** A swatch and a name for each class; a click shows that class alone, and again shows all. */
function Classes({ product: shown }: { product: Product }) {
  const lang = language.value;
  const only = isolated.value;
  return (
    <div class="classes">
      {shown.legend.map((stop) => {
        const on = only !== null && only[0] === stop.value && only[1] === stop.value;
        const name = valueText(shown, stop.value, lang);
        const title = on ? say(lang, 'legend.all') : say(lang, 'legend.isolateClass', { name });
        return (
          <button
            key={stop.value}
            type="button"
            aria-pressed={on}
            data-dim={only !== null && !on}
            title={title}
            aria-label={title}
            onClick={() => {
              isolated.value = on ? null : [stop.value, stop.value];
            }}
          >
            <i style={{ background: stop.color }} />
            {name}
          </button>
        );
      })}
    </div>
  );
}
