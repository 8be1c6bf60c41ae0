import type { Resource } from '../data.ts';
import { retry } from '../data.ts';
import { language } from '../state.ts';
import { type Key, say } from '../text/say.ts';

/** One sentence and a Retry where something could not be read; a thin bar where it is being read; else nothing. */
export function Notice({ of, what }: { of: Resource<unknown>; what: Key }) {
  const lang = language.value;
  if (of.state === 'loading')
    return <div class="waiting" role="progressbar" aria-label={say(lang, 'state.loading')} />;
  if (of.state !== 'failed') return null;
  const why = of.failure?.words?.[lang] ?? say(lang, 'state.offline');
  return (
    <p class="failed" role="alert">
      {say(lang, 'state.failed', { what: say(lang, what), why })}{' '}
      <button type="button" onClick={retry}>
        {say(lang, 'state.retry')}
      </button>
    </p>
  );
}
