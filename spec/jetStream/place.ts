/** A connection whose states and answers are given by hand. */
import type { JsMsg } from '@nats-io/jetstream';
import { BehaviorSubject, Observable, type Subscriber } from 'rxjs';
import type { BatchConnection, Connection, ConnectionState } from '../../src/index.js';

/** A place that takes messages one by one. */
export class Place implements Connection<JsMsg, string> {
  /** The numbers of the messages that it was sent, in order. */
  readonly sent: number[] = [];
  private readonly states$: BehaviorSubject<ConnectionState>;
  private readonly open = new Map<number, Subscriber<string>>();

  /**
   * @param name Its name.
   * @param window How many sends it may have in flight.
   * @param state Its first state.
   */
  constructor(
    readonly name: string,
    readonly window: number | Observable<number> = 1,
    state: ConnectionState = 'up',
  ) {
    this.states$ = new BehaviorSubject<ConnectionState>(state);
  }

  get state$(): Observable<ConnectionState> {
    return this.states$;
  }

  /** Reports another state. */
  become(state: ConnectionState): void {
    this.states$.next(state);
  }

  /** No more states: it leaves. */
  retire(): void {
    this.states$.complete();
  }

  /** The numbers of those in flight. */
  get inFlight(): number[] {
    return [...this.open.keys()];
  }

  readonly send = ({ seq }: JsMsg): Observable<string> =>
    new Observable((subscriber) => {
      this.sent.push(seq);
      this.open.set(seq, subscriber);
      return () => {
        this.open.delete(seq);
      };
    });

  /** Delivers messages. */
  deliver(...seqs: readonly number[]): void {
    for (const seq of seqs) {
      const send = this.sendOf(seq);
      send.next(this.name);
      send.complete();
    }
  }

  /** Fails a message. */
  fail(seq: number, error: unknown): void {
    this.sendOf(seq).error(error);
  }

  private sendOf(seq: number): Subscriber<string> {
    const send = this.open.get(seq);
    if (send === undefined) {
      throw new Error(`${this.name}: message ${seq} is not in flight`);
    }
    return send;
  }
}

/**
 * A place that takes many messages in one send, and never answers.
 * @param name Its name.
 * @param size Most messages in one send.
 * @param window How many sends it may have in flight.
 * @param sends Gets the numbers of each send.
 */
export function batchPlace(
  name: string,
  size: number,
  window: number,
  sends: number[][],
): BatchConnection<JsMsg, string> {
  const send = (batch: readonly JsMsg[]): Observable<never> => {
    sends.push(batch.map(({ seq }) => seq));
    return new Observable();
  };
  return { name, state$: new BehaviorSubject<ConnectionState>('up'), window, batch: { size, send } };
}
