import type { Terminal } from './command.ts';

/** A stage of work that takes long enough to be watched. */
export interface Stage {
  /** Work done so far; `note` is a short word about the present item. */
  readonly update: (done: number, note?: string) => void;
  /** Ends the stage with a line that stays. */
  readonly finish: (summary: string) => void;
}

const BAR_WIDTH = 28;
/** Redrawing more often than this only costs time. */
const REDRAW_MS = 80;

/** Starts a stage: a bar on a terminal, one line at its end elsewhere. */
export function startStage(terminal: Terminal, title: string, total: number): Stage {
  const started = terminal.now().getTime();
  let drawn = 0;
  const draw = (done: number, note: string) => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const full = Math.round(share * BAR_WIDTH);
    const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
    terminal.redraw(`${title} ${bar} ${String(Math.round(share * 100)).padStart(3)}% ${note}`);
  };
  if (terminal.isInteractive) draw(0, '');
  return {
    update: (done, note = '') => {
      const now = terminal.now().getTime();
      if (!terminal.isInteractive || now - drawn < REDRAW_MS) return;
      drawn = now;
      draw(done, note);
    },
    finish: (summary) => {
      const seconds = ((terminal.now().getTime() - started) / 1000).toFixed(1);
      if (terminal.isInteractive) terminal.redraw('');
      terminal.note(`✓ ${title}: ${summary} (${seconds} s)`);
    },
  };
}
