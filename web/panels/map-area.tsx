import { useEffect, useRef, useState } from 'preact/hooks';
import { workspace } from '../data.ts';
import { type MapHandle, openMap } from '../map.ts';
import { busy, go, language, trueColour, view } from '../state.ts';
import { say } from '../text/say.ts';
import { CursorReadout } from './cursor.tsx';
import { Detail } from './detail.tsx';
import { Legend } from './legend.tsx';
import { Strip } from './strip.tsx';

/** The map with what lies on it: controls, legend, date strip, cursor readout, detail. */
export function MapArea() {
  const lang = language.value;
  const frame = useRef<HTMLElement>(null);
  const handle = useRef<MapHandle | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (frame.current === null) return;
    handle.current = openMap(frame.current);
    if (handle.current === null) setFailed(true);
    return () => handle.current?.close();
  }, []);
  return (
    <main class="map-area" data-detail={view.value.place !== null} data-busy={busy.value} id="map">
      <section class="map" ref={frame} aria-label={say(lang, 'map.label')} />
      {failed && <p class="map-failed">{say(lang, 'map.failed')}</p>}
      {!failed && <Controls handle={() => handle.current} />}
      {trueColour.value && <p class="mode">{say(lang, 'map.trueColourOn')}</p>}
      {workspace.value.data?.basemap && view.value.basemap && (
        <p class="credit">{workspace.value.data.basemap.attribution}</p>
      )}
      <Legend />
      <Strip />
      <CursorReadout />
      <Detail />
    </main>
  );
}

function Controls({ handle }: { handle: () => MapHandle | null }) {
  const lang = language.value;
  const basemap = workspace.value.data?.basemap;
  const hold = (on: boolean) => () => {
    trueColour.value = on;
  };
  return (
    <div class="controls">
      <button
        type="button"
        aria-label={say(lang, 'map.zoomIn')}
        title={say(lang, 'map.zoomIn')}
        onClick={() => handle()?.zoom(1)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M10 4v12M4 10h12" />
        </svg>
      </button>
      <button
        type="button"
        aria-label={say(lang, 'map.zoomOut')}
        title={say(lang, 'map.zoomOut')}
        onClick={() => handle()?.zoom(-1)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 10h12" />
        </svg>
      </button>
      <button
        type="button"
        aria-label={say(lang, 'map.fit')}
        title={say(lang, 'map.fit')}
        onClick={() => handle()?.showAll()}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4" />
        </svg>
      </button>
      <button
        type="button"
        class="hold"
        aria-pressed={trueColour.value}
        aria-label={say(lang, 'map.trueColour')}
        title={say(lang, 'map.trueColour')}
        onPointerDown={hold(true)}
        onPointerUp={hold(false)}
        onPointerLeave={hold(false)}
        onPointerCancel={hold(false)}
        onContextMenu={(event) => event.preventDefault()}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M2.500 10S5.500 5 10 5s7.500 5 7.500 5-3 5-7.500 5-7.500-5-7.500-5z" />
          <circle cx="10" cy="10" r="2.200" />
        </svg>
      </button>
      {basemap && (
        <button
          type="button"
          aria-pressed={view.value.basemap}
          aria-label={say(lang, 'map.basemap')}
          title={say(lang, 'map.basemap')}
          onClick={() => go({ basemap: !view.value.basemap }, 'replace')}
        >
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="m10 3 7 3.800-7 3.800-7-3.800zM3 10.200 10 14l7-3.800M3 13.400l7 3.800 7-3.800" />
          </svg>
        </button>
      )}
    </div>
  );
}
