/** What is done when this turn of the event loop is over. */

/**
 * Runs something after everything that is due now, promises included.
 * @param work It.
 */
export function soon(work: () => void): void {
  if (typeof setImmediate === 'function') {
    setImmediate(work);
  } else {
    // A browser has no such thing.
    setTimeout(work);
  }
}
