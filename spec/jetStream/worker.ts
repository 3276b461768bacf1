/** A worker under test: a balancer over a scripted consumer, and what is heard of it. */
import type { JsMsg } from '@nats-io/jetstream';
import type { Subscription } from 'rxjs';
import type { ConnectionInput } from '../../src/index.js';
import {
  jetStreamBalancer,
  type JetStreamBalancerConfig,
  type JetStreamOutcome,
} from '../../src/jetStream/index.js';
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { fakeTime, type FakeTime } from './fakeTime.js';
import { ScriptedConsumer } from './scriptedConsumer.js';

/** What was heard: the outcomes, in short (`1 delivered ack`, `2 rejected term`), and the end: `|`, or `# why`. */
export interface Heard {
  readonly heard: string[];
  readonly outcomes: JetStreamOutcome[];
}

/** In short: number, what became of it, what the server was told. */
export function inShort(outcome: JetStreamOutcome): string {
  const what = outcome.status === 'delivered' ? 'delivered' : outcome.reason;
  const wrong = 'settlementError' in outcome ? ` (${String(outcome.settlementError)})` : '';
  return `${outcome.event.seq} ${what} ${outcome.settlement}${wrong}`;
}

/** One subscription. */
export class Worker implements Heard {
  readonly consumer: ScriptedConsumer;
  readonly heard: string[] = [];
  readonly outcomes: JetStreamOutcome[] = [];
  readonly subscription: Subscription;

  /** @param config As for jetStreamBalancer; without a consumer, one of its own. */
  constructor(
    config: Omit<JetStreamBalancerConfig<ConnectionInput<JsMsg>>, 'consumer'> & {
      consumer?: ScriptedConsumer;
    },
  ) {
    const { consumer = new ScriptedConsumer() } = config;
    this.consumer = consumer;
    this.subscription = jetStreamBalancer({ ...config, consumer }).subscribe({
      next: (outcome) => {
        this.outcomes.push(outcome);
        this.heard.push(inShort(outcome));
      },
      error: (error: unknown) =>
        this.heard.push(`# ${error instanceof Error ? error.message : String(error)}`),
      complete: () => this.heard.push('|'),
    });
  }

  /** Leaves. */
  leave(): void {
    this.subscription.unsubscribe();
  }
}

/**
 * To be called within a `describe` whose tests have a worker each: after a test it leaves, and then nothing may be left
 * that could happen, or unhandled.
 * @param worker The one of the test.
 */
export function timeOf(worker: () => Worker): FakeTime {
  const time = fakeTime(async () => {
    worker().leave();
    await time.pass(100);
    time.expectNoTimers();
  });
  expectNothingUnhandled();
  return time;
}
