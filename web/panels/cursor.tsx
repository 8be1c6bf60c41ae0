import type { Product } from '../client.ts';
import { product, shownValues } from '../data.ts';
import { valueText } from '../layers.ts';
import { cursor, language } from '../state.ts';
import { joinFacts, percent } from '../text/format.ts';
import { type Language, say } from '../text/say.ts';
import { isSeen } from '../text/sentences.ts';

/** What is under the cursor: the pixel's value or why it has none, then the place and its mean. */
export function CursorReadout() {
  const lang = language.value;
  const at = cursor.value;
  const shown = product.value;
  if (at === null || shown === null) return null;
  const { pixel } = at;
  const ofPlace = at.id === null ? undefined : shownValues.value?.[at.id];
  const reasons = pixel?.flags.map((flag) => flag.title[lang]).join(lang === 'zh' ? '、' : ', ') ?? '';
  if (at.id === null && pixel === null) return null;
  return (
    <div
      class="cursor"
      style={{
        transform: `translate(${at.opens === 'right' ? `${at.x + 14}px` : `calc(${at.x - 14}px - 100%)`}, ${at.y + 14}px)`,
      }}
    >
      {pixel !== null && (
        <p class="cursor-pixel">
          {pixel.value !== null && <b>{valueText(shown, pixel.value, lang)}</b>}
          {reasons !== '' && <span>{reasons}</span>}
          {pixel.value === null && reasons === '' && <span>{say(lang, 'cursor.outside')}</span>}
        </p>
      )}
      {at.id !== null && (
        <p class="cursor-place">
          {at.name}
          {ofPlace !== undefined && (
            <span>
              {joinFacts([
                ofPlace[0] === null
                  ? say(lang, isSeen(shown) ? 'cursor.insufficient' : 'list.untold')
                  : placeText(shown, ofPlace[0], lang),
                say(lang, 'list.clearShare', { percent: percent(ofPlace[1]) }),
              ])}
            </span>
          )}
        </p>
      )}
    </div>
  );
}

/** What a place is: its mean in an image, or what was said of it. */
function placeText(shown: Product, value: number, lang: Language): string {
  const text = valueText(shown, value, lang);
  return isSeen(shown) ? say(lang, 'cursor.mean', { value: text }) : text;
}
