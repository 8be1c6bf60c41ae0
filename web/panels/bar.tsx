import { collection, collections, offered, product, regionName } from '../data.ts';
import { go, isolated, language, type Theme, view } from '../state.ts';
import { say } from '../text/say.ts';
import { drawer } from './frame.ts';

const THEMES: readonly Theme[] = ['auto', 'light', 'dark'];

/** The top bar: name, workspace, product and collection pickers, appearance and language. */
export function Bar() {
  const lang = language.value;
  const choices = collections.value;
  const theme = view.value.theme;
  return (
    <header class="bar">
      <button
        type="button"
        class="icon only-narrow"
        aria-label={say(lang, 'bar.list')}
        aria-expanded={drawer.value}
        onClick={() => {
          drawer.value = !drawer.value;
        }}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M3 5h14M3 10h14M3 15h9" />
        </svg>
      </button>
      <h1 class="brand">
        {say(lang, 'app.name')}
        <small>{say(lang, 'app.latin')}</small>
      </h1>
      <span class="place-name">{regionName.value}</span>
      <span class="spring" />
      {choices.length > 1 && (
        <Picker
          label={say(lang, 'bar.collection')}
          value={collection.value?.id ?? ''}
          options={choices.map((one) => [one.id, one.title[lang]])}
          onPick={(id) => go({ collection: id, date: null })}
        />
      )}
      <Picker
        label={say(lang, 'bar.product')}
        value={product.value?.id ?? ''}
        options={(offered.value ?? []).map((one) => [one.id, one.title[lang]])}
        onPick={(id) => {
          // A stretch of one legend means nothing in another.
          isolated.value = null;
          go({ product: id });
        }}
      />
      <button
        type="button"
        class="icon"
        title={say(lang, 'bar.themeTitle', { theme: say(lang, `bar.theme.${theme}`) })}
        aria-label={say(lang, 'bar.themeTitle', { theme: say(lang, `bar.theme.${theme}`) })}
        onClick={() => go({ theme: THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]! }, 'replace')}
      >
        <ThemeIcon theme={theme} />
      </button>
      <button
        type="button"
        class="language"
        lang={lang === 'zh' ? 'en' : 'zh-CN'}
        title={say(lang, 'bar.languageTitle')}
        onClick={() => go({ language: lang === 'zh' ? 'en' : 'zh' })}
      >
        {say(lang, 'bar.language')}
      </button>
    </header>
  );
}

interface PickerProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [id: string, title: string])[];
  readonly onPick: (id: string) => void;
}

function Picker({ label, value, options, onPick }: PickerProps) {
  return (
    <label class="picker">
      <span class="hidden">{label}</span>
      <select
        value={value}
        disabled={options.length === 0}
        onChange={(event) => onPick(event.currentTarget.value)}
      >
        {options.map(([id, title]) => (
          <option key={id} value={id} selected={id === value}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

function ThemeIcon({ theme }: { theme: Theme }) {
  if (theme === 'light') {
    return (
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r="3.5" />
        <path d="M10 2.500v2M10 15.500v2M2.500 10h2M15.500 10h2M4.700 4.700l1.400 1.400M13.900 13.900l1.400 1.400M4.700 15.300l1.400-1.400M13.900 6.100l1.400-1.400" />
      </svg>
    );
  }
  if (theme === 'dark') {
    return (
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d="M16 11.500A6.500 6.500 0 0 1 8.500 4a6.500 6.500 0 1 0 7.500 7.500z" />
      </svg>
    );
  }
  return (
    <svg viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="6.500" />
      <path d="M10 3.500v13A6.500 6.500 0 0 0 10 3.500z" class="solid" />
    </svg>
  );
}
