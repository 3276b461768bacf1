/** The errors by which a send tells the balancer what its failure means. */

import { expectNumber, expectObject } from './internal/expect.js';

/** Options of a {@link TemporaryError}. */
export interface TemporaryErrorOptions extends ErrorOptions {
  /**
   * How long the connection should take no further events, in milliseconds, as in an HTTP `Retry-After`.
   * `0` does not pause it. Default: the balancer's `reconnectDelay`.
   */
  readonly retryAfter?: number;
}

/**
 * A send failed, and its connection is fine: the place is full, busy, or limits its rate.
 *
 * The attempt counts as failed and the event is put back; the connection stays up and pauses for
 * `retryAfter` milliseconds, or for as long as the balancer's `reconnectDelay` says.
 *
 * @example
 * ```ts
 * import { TemporaryError } from 'rxjs-load-balance';
 *
 * async function post(event: string): Promise<void> {
 *   const response = await fetch('http://localhost:8080', { method: 'POST', body: event });
 *   if (response.status === 429) {
 *     throw new TemporaryError('the collector is full', { retryAfter: 2_000 });
 *   }
 * }
 * ```
 */
export class TemporaryError extends Error {
  override readonly name = 'TemporaryError';
  /** Milliseconds for which the connection should pause, or `undefined`: the balancer decides. */
  readonly retryAfter: number | undefined;

  /**
   * @param message What happened.
   * @param options The pause and the cause.
   * @throws TypeError or RangeError when `retryAfter` is no number, or negative.
   */
  constructor(message?: string, options: TemporaryErrorOptions = {}) {
    expectObject('TemporaryError', 'options', options);
    super(message, options);
    const { retryAfter } = options;
    if (retryAfter !== undefined) {
      expectNumber(
        'TemporaryError',
        'retryAfter',
        retryAfter,
        'milliseconds, 0 or more',
        (time) => time >= 0,
      );
    }
    this.retryAfter = retryAfter;
  }
}

/**
 * A place will never take this event: it is malformed, too large, or not allowed.
 *
 * The event is dropped at once with reason `rejected`; no other connection is tried, and the
 * connection goes on.
 *
 * @example
 * ```ts
 * import { RejectedError } from 'rxjs-load-balance';
 *
 * async function post(event: string): Promise<void> {
 *   const response = await fetch('http://localhost:8080', { method: 'POST', body: event });
 *   if (response.status === 400) {
 *     throw new RejectedError('the collector cannot read this event');
 *   }
 * }
 * ```
 */
export class RejectedError extends Error {
  override readonly name = 'RejectedError';
}
