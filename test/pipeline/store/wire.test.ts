import { describe, expect, it } from 'vitest';
import { answerTo } from '../../../pipeline/store/wire.ts';

const READY = [...Buffer.from('Z\0\0\0\x05E', 'latin1')];
const ERROR = [...Buffer.from('E\0\0\0\x05\0', 'latin1')];

/** What arrives of an answer that comes in pieces of `size` bytes. */
function passed(request: string, answer: readonly number[], size: number): number[] {
  const sent: number[] = [];
  const { push, end } = answerTo(Buffer.from(request, 'latin1'), (data) => sent.push(...data));
  for (let i = 0; i < answer.length; i += size) push(Uint8Array.from(answer.slice(i, i + size)));
  end();
  return sent;
}

describe.each([1, 4, 6, 100])('an answer in pieces of %i bytes', (size) => {
  it.each(['P', 'B', 'D', 'E', 'C'])('to %s does not say "ready": only Sync does', (request) => {
    expect(passed(request, [...ERROR, ...READY], size)).toEqual(ERROR);
    expect(passed(request, ERROR, size)).toEqual(ERROR);
    expect(passed(request, [1, 2, 3], size)).toEqual([1, 2, 3]);
  });

  it.each(['Q', 'S', '\0'])('to %j is passed on as it is', (request) => {
    expect(passed(request, [...ERROR, ...READY], size)).toEqual([...ERROR, ...READY]);
  });
});
