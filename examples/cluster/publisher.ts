/** Publishes events, each until the stream has it, also while the server is away. */
import { lastValueFrom, tap } from 'rxjs';
import { exponentialBackoff, loadBalanceFrom } from 'rxjs-load-balance';
import { natsConnection } from 'rxjs-load-balance/nats';
import { paced } from '../ship/pace.js';
import { ClusterError } from './clusterError.js';
import type { Events } from './events.js';
import { events as names } from './streams.js';

/** How many publishes may be in flight. */
const window = 512;

/** Which events, and how fast. */
export interface Publication {
  readonly from: number;
  /** The first that is not published. */
  readonly to: number;
  /** Events a second at most; `undefined`: as fast as the server takes them. */
  readonly rate?: number | undefined;
}

/** Publishes to one stream. */
export class Publisher {
  /** How many events the stream has said that it has. */
  published = 0;

  /**
   * @param url The server's.
   * @param events What to publish.
   */
  constructor(
    private readonly url: string,
    private readonly events: Events,
  ) {}

  /**
   * Resolves when the stream has all of them.
   * @param publication Which, and how fast.
   * @param stop Ends it.
   */
  async publish({ from, to, rate }: Publication, stop: AbortSignal): Promise<void> {
    const { events, url } = this;
    const numbers = numbersBetween(from, to);
    const stream = natsConnection<number>(url, {
      name: 'publisher',
      subject: names.subject,
      encode: (n) => events.messageOf(n),
      // The same in every attempt: the stream takes it once.
      jetStream: { messageId: (n) => `order-${n}` },
      window,
    });
    let dropped = 0;
    const outcome$ = loadBalanceFrom(rate === undefined ? numbers : paced(numbers, rate, stop), [stream], {
      maxAttempts: Infinity,
      timeout: { connect: 2_000, send: 5_000 },
      reconnectDelay: exponentialBackoff({ initialDelay: 50, maxDelay: 250 }),
      closeOn: stop,
    }).pipe(
      tap((outcome) => {
        if (outcome.status === 'dropped') {
          dropped++;
        } else {
          this.published++;
        }
      }),
    );
    await lastValueFrom(outcome$, { defaultValue: undefined });
    stop.throwIfAborted();
    if (dropped > 0) {
      throw new ClusterError(`the stream does not take ${dropped} events`);
    }
  }
}

function* numbersBetween(from: number, to: number): Generator<number> {
  for (let n = from; n < to; n++) {
    yield n;
  }
}
