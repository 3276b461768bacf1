/** Made-up events: what each of them looks like follows from its number, so that nobody has to remember them. */
import { randomFrom } from '../ship/randomFrom.js';

/** Some of them. */
export interface EventsConfig {
  readonly count: number;
  readonly seed: number;
  /** Which part of them no collector takes; from 0 to 1. */
  readonly poison: number;
}

/** Some events are poison: no collector can read them, however often they are sent. */
export class Events {
  readonly count: number;

  /** @param config Which. */
  constructor(private readonly config: EventsConfig) {
    this.count = config.count;
  }

  /** Whether it is poison. */
  isPoison(n: number): boolean {
    return this.randomOf(n)() < this.config.poison;
  }

  /** What is published: a record as the collectors take it (`17 46 {"order":17,…}`), or one that is spoilt. */
  messageOf(n: number): Buffer {
    const text = this.textOf(n);
    return Buffer.from(`${this.isPoison(n) ? '?' : ''}${n} ${text.length} ${text}`, 'latin1');
  }

  /** What is in a collector's file: the body of the record. */
  bodyOf(n: number): Buffer {
    return Buffer.from(this.textOf(n), 'latin1');
  }

  private textOf(n: number): string {
    const random = this.randomOf(n);
    // That one says whether it is poison.
    random();
    const customer = Math.floor(random() * 100_000);
    const cents = Math.floor(random() * 50_000);
    return `{"order":${n},"customer":"c-${customer}","cents":${cents}}\n`;
  }

  private randomOf(n: number): () => number {
    return randomFrom(Math.imul(this.config.seed, 0x85ebca6b) ^ Math.imul(n + 1, 0xc2b2ae35));
  }
}

/** The number in a message; `undefined` when it has none. */
export function numberIn(message: Uint8Array): number | undefined {
  const head = /^\??(\d{1,15}) /.exec(Buffer.from(message).toString('latin1', 0, 20));
  return head === null ? undefined : Number(head[1]);
}
