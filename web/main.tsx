import '@fontsource-variable/noto-sans-sc/index.css';
import 'maplibre-gl/dist/maplibre-gl.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import { products, startAsking, workspace } from './data.ts';
import { Bar } from './panels/bar.tsx';
import { drawer, legendFolded, sheet } from './panels/frame.ts';
import { List } from './panels/list.tsx';
import { MapArea } from './panels/map-area.tsx';
import { Notice } from './panels/notice.tsx';
import { stepDate } from './panels/strip.tsx';
import { followHistory, go, language, resolvedTheme, trueColour, view } from './state.ts';
import { say } from './text/say.ts';

function Page() {
  return (
    <div class="page">
      <a class="skip" href="#map">
        {say(language.value, 'app.skip')}
      </a>
      <Bar />
      {products.value.state === 'failed' && <Notice of={products.value} what="state.products" />}
      {workspace.value.state === 'failed' && <Notice of={workspace.value} what="state.workspace" />}
      <div class="stage">
        <List />
        <MapArea />
      </div>
    </div>
  );
}

/** Language and theme belong to the document itself: fonts, form controls and scroll bars follow them. */
function followDocument(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const resolve = () => {
    const { theme } = view.value;
    resolvedTheme.value = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme;
    document.documentElement.dataset.theme = resolvedTheme.value;
  };
  dark.addEventListener('change', resolve);
  effect(resolve);
  effect(() => {
    document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
    document.title = say(language.value, 'app.title');
  });
}

/** Space shows the ground while it is held; the arrows step through the dates wherever they mean nothing else. */
function followKeys(): void {
  const typing = (target: EventTarget | null) =>
    target instanceof HTMLElement && target.matches('input:not([type=range]), select, textarea');
  addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || typing(event.target)) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (event.code === 'Space' && !target?.matches('button, a, [role=tab]')) {
      event.preventDefault();
      trueColour.value = true;
    }
    const arrow = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (arrow !== 0 && !target?.matches('canvas, input[type=range]')) {
      event.preventDefault();
      stepDate(arrow);
    }
    if (event.key === 'Escape') {
      if (drawer.value) drawer.value = false;
      else if (view.value.place !== null) go({ place: null });
    }
  });
  addEventListener('keyup', (event) => {
    if (event.code === 'Space') trueColour.value = false;
  });
  addEventListener('blur', () => {
    trueColour.value = false;
  });
}

/** On a phone a newly chosen place raises the sheet to half, so that the curve and the field are both in sight. */
function followSelection(): void {
  let before: string | null = null;
  effect(() => {
    const id = view.value.place;
    if (id !== before && id !== null) {
      sheet.value = sheet.peek() === 'full' ? 'full' : 'half';
      drawer.value = false;
    }
    if (id === null && before !== null) sheet.value = 'peek';
    before = id;
  });
}

/** A phone has no room for the whole legend beside the land. */
function foldOnPhone(): void {
  legendFolded.value = matchMedia('(max-width: 719px)').matches;
}

const root = document.getElementById('page');
if (root !== null) {
  followDocument();
  followHistory();
  followKeys();
  followSelection();
  foldOnPhone();
  startAsking();
  render(<Page />, root);
}
