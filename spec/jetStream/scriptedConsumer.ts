/** A pull consumer without a server: it writes down what it is asked, and a test says what it answers. */
import type { ConsumerInfo, ConsumerMessages, FetchOptions, JsMsg } from '@nats-io/jetstream';
import { consumer, stream, type ScriptedMessage } from './scriptedMessage.js';

/** What a request still has to do. */
type Step = { readonly message: JsMsg } | { readonly error: unknown } | 'end';

/** One `fetch`: it gives what the test gives it, no more than it asked for, and ends as that of the client does. */
export class ScriptedRequest {
  /** How many messages it asked for. */
  readonly asked: number;
  /** When it was made, and when it was closed, in milliseconds. */
  readonly since = Date.now();
  closedAt: number | undefined;
  /** Whether its iteration has come to an end. */
  isOver = false;
  private left: number;
  private isEnding = false;
  private readonly steps: Step[] = [];
  private wake: () => void = () => undefined;
  private readonly expiry: ReturnType<typeof setTimeout> | undefined = undefined;

  /**
   * @param options What it was asked for.
   * @param expires Whether it ends when its time is over, as it should.
   */
  constructor(
    readonly options: Readonly<Record<string, unknown>>,
    expires: boolean,
  ) {
    this.asked = Number(options['max_messages']);
    this.left = this.asked;
    if (expires) {
      this.expiry = setTimeout(() => {
        this.end();
      }, Number(options['expires']));
    }
  }

  /** Whether it was given fewer messages than it asked for, and waits for more. */
  get wantsMore(): boolean {
    return this.left > 0 && !this.isOver && !this.isEnding;
  }

  /** Gives messages, and ends when it has given as many as it was asked for. */
  give(...messages: readonly JsMsg[]): void {
    this.giveMore(...messages);
    this.left -= messages.length;
    if (this.left <= 0) {
      this.end();
    }
  }

  /** Gives messages, however many were asked for. */
  giveMore(...messages: readonly JsMsg[]): void {
    for (const message of messages) {
      this.add({ message });
    }
  }

  /** Ends, after what it was given. */
  end(): void {
    this.add('end');
  }

  /** Fails, after what it was given. */
  fail(error: unknown): void {
    this.add({ error });
  }

  /** What the balancer calls. */
  close(): Promise<undefined> {
    this.closedAt ??= Date.now();
    this.end();
    return Promise.resolve(undefined);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<JsMsg, void> {
    try {
      for (;;) {
        const step = this.steps.shift();
        if (step === undefined) {
          await new Promise<void>((resolve) => {
            this.wake = resolve;
          });
        } else if (step === 'end') {
          return;
        } else if ('error' in step) {
          throw step.error;
        } else {
          yield step.message;
        }
      }
    } finally {
      this.isOver = true;
      clearTimeout(this.expiry);
    }
  }

  private add(step: Step): void {
    this.isEnding ||= step === 'end' || 'error' in step;
    this.steps.push(step);
    this.wake();
  }
}

/** What the server says of a consumer; a test changes what it is about. */
export function infoWith(config: Readonly<Record<string, unknown>> = {}): ConsumerInfo {
  return {
    name: consumer,
    stream_name: stream,
    config: { durable_name: consumer, ack_policy: 'explicit', ack_wait: 30e9, max_deliver: -1, ...config },
  } as unknown as ConsumerInfo;
}

/** The consumer. */
export class ScriptedConsumer {
  /** What it was asked for, in order. */
  readonly requests: ScriptedRequest[] = [];
  /** How often it was asked what is known of it. */
  infos = 0;
  /** What it answers to that. */
  onInfo: () => Promise<ConsumerInfo>;
  /** What comes before a request: a place to fail. */
  onFetch: () => unknown = () => undefined;
  /** Whether its requests end when their time is over, as they should. */
  expires = true;

  /** @param config How it is configured. */
  constructor(config: Readonly<Record<string, unknown>> = {}) {
    this.onInfo = () => Promise.resolve(infoWith(config));
  }

  readonly info = (): Promise<ConsumerInfo> => {
    this.infos++;
    return this.onInfo();
  };

  readonly fetch = async (options: FetchOptions = {}): Promise<ConsumerMessages> => {
    await this.onFetch();
    const request = new ScriptedRequest({ ...options }, this.expires);
    this.requests.push(request);
    return request as unknown as ConsumerMessages;
  };

  /** How many each request asked for. */
  get asked(): number[] {
    return this.requests.map(({ asked }) => asked);
  }

  /** The request that was made last. */
  get latest(): ScriptedRequest {
    const latest = this.requests.at(-1);
    if (latest === undefined) {
      throw new Error('expected a request');
    }
    return latest;
  }

  /** Gives messages to the request that was made last. */
  give(...messages: readonly ScriptedMessage[]): void {
    this.latest.give(...messages);
  }
}
