/** How a person stops it: with signals, the second more urgent than the first. */

/** What has been asked for. */
export interface Interruption {
  /** Read no more; what has been read may still be delivered. */
  readonly stop: AbortSignal;
  /** Give up what is outstanding; the signal's reason says why. */
  readonly close: AbortSignal;
}

/** Nobody ever asks. */
export const uninterrupted: Interruption = {
  stop: new AbortController().signal,
  close: new AbortController().signal,
};

/** Exit code of a process that ended by Ctrl-C. */
export const interruptedCode = 130;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal stops, the second closes, the third ends this process without another word. */
export function interruptedBySignals(): Interruption {
  const stop = new AbortController();
  const close = new AbortController();
  const onSignal = (): void => {
    if (close.signal.aborted) {
      endNow();
    }
    if (stop.signal.aborted) {
      close.abort(new Error('closed by a second signal'));
    } else {
      stop.abort();
    }
  };
  for (const signal of signals) {
    process.on(signal, onSignal);
  }
  return { stop: stop.signal, close: close.signal };
}

/**
 * Ends this process as Ctrl-C ends any: a shell sees 130. `process.exit` would wait for a read that is stuck, on
 * a terminal for example.
 */
function endNow(): void {
  // The terminal is given back, and what is temporary removed.
  process.emit('exit', interruptedCode);
  for (const signal of signals) {
    process.removeAllListeners(signal);
  }
  process.kill(process.pid, 'SIGINT');
}
