/** A place for messages, whose sends last until the test ends them. */
import type { JsMsg } from '@nats-io/jetstream';
import { BehaviorSubject, Observable, type Observer } from 'rxjs';
import type { Connection, ConnectionState } from '../../../src/index.js';
import { until } from '../../until.js';

/** One. */
export class Destination implements Connection<JsMsg, string> {
  private readonly state = new BehaviorSubject<ConnectionState>('up');
  readonly state$ = this.state.asObservable();
  /** The messages of all sends that have begun. */
  readonly begun: JsMsg[] = [];
  /** Those that have not ended. */
  private readonly open = new Set<Observer<string>>();
  /** Whether sends that begin from now on end at once. */
  private isQuick = false;

  /**
   * @param window How many sends at once.
   * @param name What it is called.
   */
  constructor(
    readonly window: number | Observable<number> = 1,
    readonly name = 'destination',
  ) {}

  readonly send = (message: JsMsg): Observable<string> =>
    new Observable<string>((observer) => {
      this.begun.push(message);
      this.open.add(observer);
      observer.add(() => this.open.delete(observer));
      if (this.isQuick) {
        observer.complete();
      }
    });

  /** Its state changes. */
  be(state: ConnectionState): void {
    this.state.next(state);
  }

  /** What came, in order. */
  get texts(): string[] {
    return this.begun.map((message) => message.string());
  }

  /** Resolves when so many sends have begun. */
  async has(count: number, patience?: number): Promise<readonly JsMsg[]> {
    await until(`${count} sends have begun`, () => this.begun.length >= count, patience);
    return this.begun;
  }

  /** Delivers what is here. */
  deliver(): void {
    for (const observer of [...this.open]) {
      observer.complete();
    }
  }

  /** Delivers what is here, and from now on everything at once. */
  deliverAll(): void {
    this.isQuick = true;
    this.deliver();
  }

  /** All sends that last fail. */
  fail(error: unknown): void {
    for (const observer of [...this.open]) {
      observer.error(error);
    }
  }
}
