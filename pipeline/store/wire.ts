/** ReadyForQuery: type, length 5, status I, T or E (PostgreSQL protocol 3.0, "Message Formats"). */
const READY_BYTES = 6;

/** Requests that are answered with ReadyForQuery: Query, Sync, FunctionCall, and the start-up packet, which has no type. */
const ENDS_WITH_READY: ReadonlySet<number> = new Set([...'QSF'].map((type) => type.charCodeAt(0)).concat(0));

/**
 * Passes the answer to one request on, without a ReadyForQuery that does not belong there. PGlite 0.5.8 says it after
 * an error in Parse, Bind or Execute and again at the Sync that follows; a driver then takes the second one for the
 * end of its next statement, and every answer after that for the one before.
 */
export function answerTo(request: Uint8Array, send: (data: Uint8Array) => void) {
  if (ENDS_WITH_READY.has(request[0] ?? 0)) return { push: send, end: () => {} };
  // The last bytes are held back until it is known whether they are the end.
  let tail = new Uint8Array();
  return {
    push: (data: Uint8Array) => {
      const all = new Uint8Array(tail.length + data.length);
      all.set(tail);
      all.set(data, tail.length);
      const ready = Math.max(0, all.length - READY_BYTES);
      if (ready > 0) send(all.subarray(0, ready));
      tail = all.slice(ready);
    },
    end: () => {
      if (tail.length > 0 && !isReady(tail)) send(tail);
    },
  };
}

function isReady(bytes: Uint8Array): boolean {
  return (
    bytes.length === READY_BYTES &&
    bytes[0] === 'Z'.charCodeAt(0) &&
    bytes[4] === 5 &&
    bytes[1] === 0 &&
    bytes[2] === 0 &&
    bytes[3] === 0
  );
}
