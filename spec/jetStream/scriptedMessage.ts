/** A message without a server: it writes down what it is told, and when. */
import type { DeliveryInfo, JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';

/** Where every message of these specs is from. */
export const stream = 'EVENTS';
export const consumer = 'workers';

/** What a message can be told. */
type Word = 'ack' | 'ackAck' | 'nak' | 'term' | 'working';

/** One delivery of a message. */
export class ScriptedMessage implements JsMsg {
  /** What it was told, each with its time in milliseconds: `nak 2000 @500`. */
  readonly told: string[] = [];
  /** What happens besides when it is told something: a place to throw; for `ackAck`, also its answer. */
  readonly on: Partial<Record<Word, () => unknown>> = {};
  /** Whether it was told anything that is final: that of the client has it as well. */
  didAck = false;
  readonly info: DeliveryInfo;
  readonly subject: string;
  readonly sid = 1;
  readonly time = new Date(0);
  readonly timestamp = new Date(0).toISOString();
  readonly timestampNanos = 0n;
  readonly data: Uint8Array;
  readonly json = (() => JSON.parse(this.string()) as unknown) as JsMsg['json'];
  readonly headers: MsgHdrs | undefined;

  /**
   * @param seq Its number in the stream.
   * @param deliveryCount How often it has been delivered, this time included.
   * @param headers What it has besides its body.
   */
  constructor(seq: number, deliveryCount = 1, headers?: MsgHdrs) {
    this.headers = headers;
    this.subject = `events.${seq}`;
    this.data = new TextEncoder().encode(String(seq));
    this.info = {
      domain: '',
      stream,
      consumer,
      deliveryCount,
      streamSequence: seq,
      deliverySequence: seq,
      timestampNanos: 0,
      pending: 0,
      redelivered: deliveryCount > 1,
    };
  }

  get seq(): number {
    return this.info.streamSequence;
  }

  get redelivered(): boolean {
    return this.info.redelivered;
  }

  /** What it was told, without the times. */
  get words(): string[] {
    return this.told.map((word) => word.replace(/ @.*/, ''));
  }

  ack(): void {
    this.hear('ack');
  }

  nak(millis?: number): void {
    this.hear('nak', millis);
  }

  working(): void {
    this.hear('working');
  }

  term(reason?: string): void {
    this.hear('term', reason);
  }

  ackAck(): Promise<boolean> {
    return Promise.resolve(this.hear('ackAck')).then(() => true);
  }

  next(): never {
    throw new Error('next() is for those who ask for one message at a time');
  }

  string(): string {
    return new TextDecoder().decode(this.data);
  }

  private hear(word: Word, argument?: string | number): unknown {
    this.told.push(`${argument === undefined ? word : `${word} ${argument}`} @${Date.now()}`);
    this.didAck ||= word !== 'working';
    return this.on[word]?.();
  }
}

/** New messages, numbered from `first` to `last`. */
export function messages(first: number, last: number): ScriptedMessage[] {
  return Array.from({ length: last - first + 1 }, (_, index) => new ScriptedMessage(first + index));
}
