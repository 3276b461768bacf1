/** Asks a consumer for messages, one request after the other, for as long as somebody wants some. */
import type { JsMsg } from '@nats-io/jetstream';
import { asyncScheduler, defer, map, type Observable } from 'rxjs';
import { Backoff } from '../internal/backoff.js';
import { firstBefore } from './firstBefore.js';
import { hopelessness } from './hopelessness.js';
import { PullRequest } from './pullRequest.js';
import { soon } from './soon.js';
import type { ReconnectDelay } from '../options.js';
import { factsFrom, type ConsumerFacts, type PullConsumer } from './consumerFacts.js';

/** Whom the messages are for. */
export interface Recipient {
  /** Whether no more is wanted, ever. */
  readonly isOver: boolean;
  /** How many are wanted now. */
  wanted(): number;
  /** What is known of the consumer, before the first message. */
  learned(facts: ConsumerFacts): void;
  /** Whether one is here already. */
  has(message: JsMsg): boolean;
  /** One has come. */
  arrived(message: JsMsg): void;
  /** A request is over; these have come although nobody asked for them. */
  answered(unwanted: readonly JsMsg[]): void;
  /** None will come any more. */
  failed(error: unknown): void;
}

/** A server that is there answers every request. So many that it does not answer are no accident, */
const enoughUnheard = 4;

/** if it is there, and says what it knows of the consumer in so many milliseconds. */
const prompt = 250;

/**
 * Each request asks for all that is wanted at that moment: the faster the messages go, the more of them one request
 * gives.
 */
export class PullRequests {
  /** Whether a request is under way, or is to be. */
  isRunning = false;
  private run: Promise<void> = Promise.resolve();
  private facts: ConsumerFacts | undefined;
  private readonly backoff: Backoff;
  /** How many requests nobody has answered, although the server is there. */
  private unheard = 0;
  /** Whether one has been answered, ever: then it may be asked. */
  private isAnswered = false;

  /**
   * @param who The function that was called with the consumer, for errors.
   * @param consumer The consumer.
   * @param resumeDelay How long to wait after a failure.
   * @param over$ Emits when no more is wanted, now or ever.
   * @param recipient Whom the messages are for.
   */
  constructor(
    private readonly who: string,
    private readonly consumer: PullConsumer,
    resumeDelay: ReconnectDelay,
    private readonly over$: Observable<unknown>,
    private readonly recipient: Recipient,
  ) {
    this.backoff = new Backoff(resumeDelay, asyncScheduler);
  }

  /** Resolves when no request is under way. */
  get finished(): Promise<void> {
    return this.run;
  }

  /** Something may be wanted. */
  start(): void {
    if (!this.isRunning && this.recipient.wanted() > 0) {
      this.isRunning = true;
      this.run = this.requestAll().catch((error: unknown) => {
        this.isRunning = false;
        this.recipient.failed(error);
      });
    }
  }

  private async requestAll(): Promise<void> {
    while (await this.isWanted()) {
      try {
        this.facts ??= await this.learn();
        if (this.facts !== undefined) {
          await this.request(this.facts);
          this.backoff.reset();
          this.isAnswered = true;
        }
      } catch (error) {
        await this.recover(error);
      }
    }
    this.isRunning = false;
  }

  /** How many are wanted is known when all that happens now has happened. */
  private async isWanted(): Promise<boolean> {
    await new Promise<void>((resolve) => {
      soon(resolve);
    });
    return this.recipient.wanted() > 0;
  }

  private async learn(): Promise<ConsumerFacts | undefined> {
    const facts$ = defer(() => this.consumer.info()).pipe(map((info) => factsFrom(this.who, info)));
    const facts = await firstBefore(facts$, this.over$);
    if (facts !== undefined) {
      this.recipient.learned(facts);
    }
    return facts;
  }

  private async request({ maxBatch }: ConsumerFacts): Promise<void> {
    const { consumer, over$, recipient } = this;
    let left = Math.min(recipient.wanted(), maxBatch);
    if (left < 1) {
      return;
    }
    const request = new PullRequest(consumer, left, over$);
    const unwanted: JsMsg[] = [];
    try {
      for await (const message of request) {
        if (recipient.has(message)) {
          recipient.arrived(message);
        } else if (left > 0) {
          left--;
          recipient.arrived(message);
        } else {
          // After a reconnect, the client asks once more for what has come already.
          unwanted.push(message);
          request.cut();
        }
      }
    } finally {
      recipient.answered(unwanted);
    }
  }

  /** Waits for the next try; throws when there is to be none. */
  private async recover(error: unknown): Promise<void> {
    this.judge(error);
    await this.askBack(error);
    const { over$ } = this.backoff.wait(error);
    const goesOn = await firstBefore(over$.pipe(map(() => true)), this.over$);
    if (goesOn === undefined && !this.recipient.isOver) {
      throw error;
    }
  }

  private judge(error: unknown): void {
    const end = hopelessness(this.who, this.title, error);
    if (end !== undefined) {
      throw end;
    }
  }

  /** The error of a request says neither whether the consumer is still there, nor whether it may be asked. */
  private async askBack(error: unknown): Promise<void> {
    const asked = Date.now();
    const { unheard } = this;
    this.unheard = 0;
    try {
      await firstBefore(
        defer(() => this.consumer.info()),
        this.over$,
      );
    } catch (cause) {
      this.judge(cause);
      return;
    }
    if (this.isAnswered || !isUnheard(error) || Date.now() - asked > prompt) {
      return;
    }
    this.unheard = unheard + 1;
    if (this.unheard === enoughUnheard) {
      throw new Error(
        `${this.who}: ${this.title} does not answer requests for messages: may this user publish to $JS.API.CONSUMER.MSG.NEXT.>?`,
        { cause: error },
      );
    }
  }

  private get title(): string {
    return this.facts?.title ?? 'the consumer';
  }
}

/** Whether nothing at all came back of a request: the client's own words, for which it has no code. */
function isUnheard(error: unknown): boolean {
  return error instanceof Error && error.message === 'heartbeats missed';
}
