import { useRef } from 'preact/hooks';
import { language } from '../state.ts';
import { say } from '../text/say.ts';
import { type SheetStop, sheet } from './frame.ts';

const STOPS: readonly SheetStop[] = ['peek', 'half', 'full'];
const DRAG_PX = 32;

/** The grip of the bottom sheet: a tap raises it one stop (and from the top lowers it), a drag moves it either way. */
export function SheetHandle() {
  const start = useRef<number | null>(null);
  const move = (by: number) => {
    sheet.value = STOPS[Math.min(STOPS.length - 1, Math.max(0, STOPS.indexOf(sheet.value) + by))]!;
  };
  return (
    <button
      type="button"
      class="handle only-phone"
      aria-label={say(language.value, 'sheet.handle')}
      onPointerDown={(event) => {
        start.current = event.clientY;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerUp={(event) => {
        const moved = start.current === null ? 0 : start.current - event.clientY;
        start.current = null;
        if (Math.abs(moved) >= DRAG_PX) move(Math.sign(moved));
        else if (sheet.value === 'full') sheet.value = 'peek';
        else move(1);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' || event.key === 'ArrowUp') move(1);
        if (event.key === 'ArrowDown') move(-1);
      }}
    >
      <i />
    </button>
  );
}
