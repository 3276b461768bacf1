/** A server of JetStream in memory: it delivers, waits for acks, delivers again, and keeps the books on its worker. */
import type { ConsumerInfo, ConsumerMessages, FetchOptions, JsMsg } from '@nats-io/jetstream';
import { infoWith, ScriptedRequest } from './scriptedConsumer.js';
import { ScriptedMessage } from './scriptedMessage.js';

/** A message at the worker: from its first delivery to its settlement. */
export interface Holding {
  readonly seq: number;
  /** What of it was delivered last. */
  latest: JsMsg;
  /** Whether it was in a send. */
  sent: boolean;
  /** Whether it has been settled, and by which word. */
  word: string | undefined;
  outcomes: number;
}

/** A stream with one consumer. */
export class ModelServer {
  /** All holdings, in order. */
  readonly holdings: Holding[] = [];
  /** What the worker should not have done. */
  readonly faults: string[] = [];
  /** Whether it answers. */
  isThere = true;
  /** How many messages the worker had at most. */
  mostHeld = 0;
  private readonly latest = new Map<number, Holding>();
  private readonly available: number[];
  private readonly counts = new Map<number, number>();
  /** Of each message at the worker, when it is delivered again. */
  private readonly waits = new Map<number, ReturnType<typeof setTimeout>>();
  private requests: ScriptedRequest[] = [];

  /**
   * @param size How many messages there are.
   * @param ackWait After how many milliseconds one is delivered again.
   */
  constructor(
    size: number,
    private readonly ackWait: number,
  ) {
    this.available = Array.from({ length: size }, (_, index) => index + 1);
  }

  readonly info = (): Promise<ConsumerInfo> =>
    this.isThere
      ? Promise.resolve(infoWith({ ack_wait: this.ackWait * 1e6 }))
      : Promise.reject(new Error('timeout'));

  readonly fetch = (options: FetchOptions = {}): Promise<ConsumerMessages> => {
    if (!this.isThere) {
      return Promise.reject(new Error('no responders'));
    }
    const request = new ScriptedRequest({ ...options }, true);
    this.requests.push(request);
    this.deliver();
    return Promise.resolve(request as unknown as ConsumerMessages);
  };

  /** What the worker has of this message, or has had last. */
  holdingOf(seq: number): Holding | undefined {
    return this.latest.get(seq);
  }

  /** What the worker has. */
  get held(): Holding[] {
    return this.holdings.filter(({ word }) => word === undefined);
  }

  /** The ack wait of some message at the worker is over: it is delivered again. */
  expire(nth: number): void {
    const seqs = [...this.waits.keys()];
    const seq = seqs[nth % Math.max(1, seqs.length)];
    if (seq !== undefined) {
      this.release(seq);
    }
  }

  /** It is lost, with every request. */
  lose(): void {
    this.isThere = false;
    for (const request of this.requests.splice(0)) {
      request.fail(new Error('heartbeats missed'));
    }
  }

  /** It is there again. */
  comeBack(): void {
    this.isThere = true;
  }

  /** Leaves no timer behind. */
  stop(): void {
    for (const wait of this.waits.values()) {
      clearTimeout(wait);
    }
  }

  private deliver(): void {
    this.requests = this.requests.filter((request) => request.wantsMore);
    for (const request of this.requests) {
      while (request.wantsMore && this.available.length > 0) {
        const seq = this.available.shift() ?? 0;
        const count = (this.counts.get(seq) ?? 0) + 1;
        this.counts.set(seq, count);
        this.wait(seq);
        request.give(this.messageOf(seq, count));
      }
    }
  }

  private messageOf(seq: number, count: number): JsMsg {
    const message = new ScriptedMessage(seq, count);
    const holding = this.holdingOf(seq);
    if (holding === undefined || holding.word !== undefined) {
      const begun = { seq, latest: message, sent: false, word: undefined, outcomes: 0 };
      this.latest.set(seq, begun);
      this.holdings.push(begun);
      this.mostHeld = Math.max(this.mostHeld, this.held.length);
    } else {
      holding.latest = message;
    }
    message.on.working = () => {
      this.hear(message, 'working');
    };
    message.on.ackAck = () => {
      this.end(message, 'ack');
    };
    for (const word of ['ack', 'term', 'nak'] as const) {
      message.on[word] = () => {
        this.end(message, word, Number(message.words.at(-1)?.split(' ')[1] ?? 0));
      };
    }
    return message;
  }

  private hear(message: JsMsg, word: string): void {
    if (this.holdingOf(message.seq)?.word !== undefined) {
      this.faults.push(`${message.seq}: ${word} when it was settled`);
    } else if (this.waits.has(message.seq)) {
      this.wait(message.seq);
    }
  }

  private end(message: JsMsg, word: 'ack' | 'nak' | 'term', delay = 0): void {
    const { seq } = message;
    const holding = this.holdingOf(seq);
    if (holding?.word !== undefined) {
      this.faults.push(`${seq}: ${word} after ${holding.word}`);
      return;
    }
    if (word !== 'nak' && holding?.latest !== message) {
      this.faults.push(`${seq}: ${word} by an earlier delivery`);
    }
    if (holding !== undefined) {
      holding.word = word;
    }
    clearTimeout(this.waits.get(seq));
    this.waits.delete(seq);
    const index = this.available.indexOf(seq);
    if (word !== 'nak' && index >= 0) {
      this.available.splice(index, 1);
    } else if (word === 'nak' && index < 0) {
      this.wait(seq, delay);
    }
  }

  private wait(seq: number, delay = this.ackWait): void {
    clearTimeout(this.waits.get(seq));
    this.waits.set(
      seq,
      setTimeout(() => {
        this.release(seq);
      }, delay),
    );
  }

  private release(seq: number): void {
    clearTimeout(this.waits.get(seq));
    this.waits.delete(seq);
    this.available.push(seq);
    this.deliver();
  }
}
