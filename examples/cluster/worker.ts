/** A worker: a process that takes events from the stream and ships them to the collectors. There may be many. */
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream, type Consumer, type JetStreamClient, type JsMsg } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { filter, firstValueFrom, lastValueFrom, ReplaySubject, tap, type Observable } from 'rxjs';
import { exponentialBackoff } from 'rxjs-load-balance';
import { httpConnection, type HttpFormat } from 'rxjs-load-balance/http';
import { jetStreamBalancer, type JetStreamOutcome } from 'rxjs-load-balance/jetstream';
import { fartherAway } from './fartherAway.js';
import { noTally, type Order, type Report, type Tally, type WorkerConfig } from './messages.js';
import { deadLetters, events } from './streams.js';

/** How often it says how far it is, in milliseconds. */
const period = 50;

/** How often it asks for its consumer again, when that does not answer. */
const tries = 20;

/** A message is a record already: a request is one after the other. */
const records: HttpFormat<JsMsg, void> = {
  encode: (messages) => ({ body: Buffer.concat(messages.map(({ data }) => data)) }),
};

/** What it is told, both orders, kept for whoever asks later: one may come right behind the other. */
const order$ = new ReplaySubject<Order>(2);
process.on('message', (order: Order) => {
  order$.next(order);
});

/** Takes and ships until it is told to drain. */
async function work({ name, server, collectors, batch, window, latency }: WorkerConfig): Promise<void> {
  // A worker may start while the server is away.
  const nats = await connect({
    servers: server,
    name,
    waitOnFirstConnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    timeout: 5_000, // a handshake that the server cuts off as it dies ends only with this
  });
  const client = jetstream(nats);
  const worker$ = jetStreamBalancer({
    consumer: await consumerOf(client),
    connections: collectors.map((collector) =>
      fartherAway(
        httpConnection<JsMsg>(new URL('/events', collector.url), {
          name: collector.name,
          format: records,
          batch: { size: batch },
          window,
          health: { path: '/health', interval: 1_000, timeout: 2_000 },
        }),
        latency,
      ),
    ),
    // What a collector refuses is a dead letter; what it did not answer is tried until somebody has it.
    maxAttempts: Infinity,
    timeout: { connect: 2_000, send: 10_000 },
    reconnectDelay: exponentialBackoff({ initialDelay: 50, maxDelay: 500 }),
    deadLetter: { jetStream: client, subject: deadLetters.subject },
    drainOn: ordered('drain'),
  });
  const counter = new Counter();
  await said('ready');
  await firstValueFrom(ordered('begin'), { defaultValue: undefined });
  const timer = setInterval(() => {
    counter.report();
  }, period);
  await lastValueFrom(
    worker$.pipe(
      tap((outcome) => {
        counter.count(outcome);
      }),
    ),
    { defaultValue: undefined },
  );
  clearInterval(timer);
  // The acks are on their way: the server has them when this returns.
  await nats.drain();
  await said(counter.tally);
}

/** The server may be away. */
async function consumerOf(client: JetStreamClient): Promise<Consumer> {
  for (let left = tries; ; left--) {
    try {
      return await client.consumers.get(events.stream, events.consumer);
    } catch (error) {
      if (left === 0) {
        throw error;
      }
      await sleep(period);
    }
  }
}

/** Counts outcomes, and says so from time to time. */
class Counter {
  readonly tally: { -readonly [K in keyof Tally]: Tally[K] } = { ...noTally };
  private reported = -1;
  private outcomes = 0;

  count({ settlement, attempts }: JetStreamOutcome): void {
    const { tally } = this;
    this.outcomes++;
    if (settlement === 'ack') {
      tally.delivered++;
      tally.retried += attempts > 1 ? 1 : 0;
    } else if (settlement !== 'nak') {
      tally.deadLetters++;
    }
    // A batch has many outcomes at one moment.
    tally.at = Date.now();
  }

  report(): void {
    if (this.reported !== this.outcomes) {
      this.reported = this.outcomes;
      void said(this.tally);
    }
  }
}

/** Resolves when it is said. */
async function said(report: Report): Promise<void> {
  await new Promise((resolve) => {
    process.send?.(report, resolve);
  });
}

/** Emits when it is told so, or has been. */
function ordered(order: Order): Observable<Order> {
  return order$.pipe(filter((word) => word === order));
}

// It ends with the process that has started it.
process.once('disconnect', () => {
  process.exit();
});

await work(JSON.parse(process.argv[2] ?? '') as WorkerConfig);
process.disconnect();
