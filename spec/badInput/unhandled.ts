/** What nobody handles: rejections, and errors that RxJS reports. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { config } from 'rxjs';

/**
 * To be called within a `describe`.
 * @param check What is looked at after each test, when everything has been reported.
 * @returns What the current test has left unhandled so far.
 */
export function unhandledErrors(check: (unhandled: readonly unknown[]) => void = () => undefined): unknown[] {
  const unhandled: unknown[] = [];
  const { onUnhandledError } = config;
  const note = (error: unknown): void => {
    unhandled.push(error);
  };
  beforeEach(() => {
    unhandled.length = 0;
    config.onUnhandledError = note;
    process.on('unhandledRejection', note);
  });
  afterEach(async () => {
    // Both are told of a moment later.
    await sleep(1);
    config.onUnhandledError = onUnhandledError;
    process.off('unhandledRejection', note);
    check(unhandled);
  });
  return unhandled;
}

/** To be called within a `describe`: no test of it may leave anything unhandled. */
export function expectNothingUnhandled(): void {
  unhandledErrors((unhandled) => {
    expect(unhandled).to.deep.equal([]);
  });
}
