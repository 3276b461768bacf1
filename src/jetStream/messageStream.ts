/** The messages of a consumer on their way through a worker: asked for, taken, settled or given back. */
import type { JsMsg } from '@nats-io/jetstream';
import { asyncScheduler, noop, ReplaySubject, take, takeUntil, type Observable } from 'rxjs';
import { exponentialBackoff } from '../exponentialBackoff.js';
import {
  DemandIterable,
  type Demand,
  type DemandIterator,
  type Failure,
} from '../internal/demandIterable.js';
import { expectCount, expectFunction, expectMilliseconds, expectObject } from '../internal/expect.js';
import { Fifo } from '../internal/fifo.js';
import { MisuseError } from '../internal/misuseError.js';
import { notifierFrom } from '../internal/notifier.js';
import { isPromiseLike } from '../internal/promiseLike.js';
import type { ConsumerFacts, PullConsumer } from './consumerFacts.js';
import { soon } from './soon.js';
import { hasBeenTold, HeldMessages, type HeldMessage } from './heldMessages.js';
import type { JetStreamMessagesOptions } from './options.js';
import { PullRequests, type Recipient } from './pullRequests.js';
import { Returns, type LastResort } from './returns.js';

const over: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Before there is any. */
const noDemand: Demand = { vacancies: 0, space: 0 };

/** Who waits for a message. */
interface Asker {
  resolve(result: IteratorResult<JsMsg, undefined>): void;
  reject(error: unknown): void;
}

/** An iteration over them, and what the functions of this folder do besides. */
export class MessageStream extends DemandIterable<JsMsg> implements Recipient {
  /** What is known of the consumer, once a message has come. */
  facts: ConsumerFacts | undefined;
  /** How messages go back. */
  readonly returns: Returns;
  private readonly end$ = new ReplaySubject<Failure | undefined>(1);
  private readonly drain$: Observable<unknown>;
  private readonly most: number;
  private readonly requests: PullRequests;
  /** Everything that is here; what has not been taken yet, in its order, or has been given back since. */
  private held: HeldMessages | undefined;
  private readonly fresh = new Fifo<HeldMessage>();
  /** How many have their outcome, and are not settled. */
  private settling = 0;
  private demand: Demand = noDemand;
  private asker: Asker | undefined;
  private failure: Failure | undefined;
  isOver = false;
  private isWaking = false;
  private isClaimed = false;

  /**
   * @param who The function that was called, for errors.
   * @param consumer The user's.
   * @param options The user's.
   */
  constructor(
    private readonly who: string,
    consumer: PullConsumer,
    options: JetStreamMessagesOptions,
  ) {
    super();
    expectObject(who, 'consumer', consumer);
    expectFunction(who, 'consumer.fetch', consumer.fetch);
    expectFunction(who, 'consumer.info', consumer.info);
    expectObject(who, 'options', options);
    const { drainOn, maxUnacknowledged = Infinity } = options;
    const { resumeDelay = exponentialBackoff({ initialDelay: 250, maxDelay: 10_000 }) } = options;
    expectCount(who, 'maxUnacknowledged', maxUnacknowledged, 1);
    if (typeof resumeDelay !== 'function') {
      expectMilliseconds(who, 'resumeDelay', resumeDelay);
    }
    this.drain$ = notifierFrom(who, 'drainOn', drainOn);
    this.most = maxUnacknowledged;
    this.requests = new PullRequests(who, consumer, resumeDelay, this.end$, this);
    this.returns = new Returns(this.requests);
  }

  get ended$(): Observable<Failure | undefined> {
    return this.end$;
  }

  /** How many messages are here and not settled. */
  get unacknowledged(): number {
    return this.held?.size ?? 0;
  }

  // ---- The iteration

  [Symbol.asyncIterator](): AsyncIterator<JsMsg, undefined> {
    // Nobody says how many are wanted.
    const messages = this.iterate({ vacancies: this.most === Infinity ? 1 : this.most, space: Infinity });
    let last: Promise<unknown> = Promise.resolve();
    return {
      // One after the other, also for those who do not wait.
      next: () => {
        const next = last.then(() => messages.next());
        last = next.catch(noop);
        return next;
      },
      return: async () => {
        await messages.return();
        return over;
      },
    };
  }

  /**
   * There is one iteration, and one who settles what comes of it.
   * @param lastResort What he does with a message that nobody would get again, in place of giving it back.
   * @throws Error for a second one.
   */
  claim(lastResort: LastResort | undefined): void {
    if (this.isClaimed) {
      throw new MisuseError(`${this.who}: the messages are for one subscription: call it again for each`);
    }
    this.isClaimed = true;
    this.returns.lastResort = lastResort;
  }

  iterate(demand: Demand): DemandIterator<JsMsg> {
    if (this.demand !== noDemand) {
      throw new MisuseError(
        `${this.who}: the messages can be iterated once: call it again for each iteration`,
      );
    }
    this.demand = demand;
    this.drain$.pipe(take(1), takeUntil(this.end$)).subscribe({
      next: () => {
        this.end();
      },
      error: (error: unknown) => {
        this.failed(error);
      },
    });
    return {
      next: () => this.next(),
      askAgain: () => {
        this.wake();
        this.requests.start();
      },
      return: () => {
        this.end();
        this.held?.stop();
        return over;
      },
    };
  }

  private next(): IteratorResult<JsMsg, undefined> | Promise<IteratorResult<JsMsg, undefined>> {
    const message = this.take();
    if (message !== undefined) {
      return { done: false, value: message };
    }
    if (this.isOver && this.failure === undefined) {
      return over;
    }
    return new Promise((resolve, reject) => {
      this.asker = { resolve, reject };
      if (this.isOver) {
        this.answerEnd();
      } else {
        this.requests.start();
      }
    });
  }

  /** Takes the first that nobody has taken. */
  private take(): JsMsg | undefined {
    const first = this.first();
    if (first !== undefined) {
      first.stage = 'taken';
    }
    return first?.message;
  }

  /** The first that is still here. */
  private first(): HeldMessage | undefined {
    let first = this.fresh.shift();
    while (first !== undefined && !this.isHere(first)) {
      first = this.fresh.shift();
    }
    return first;
  }

  /** Whether it has not been given back. */
  private isHere(held: HeldMessage): boolean {
    return this.held?.get(held.message.seq) === held;
  }

  // ---- What comes from the server

  wanted(): number {
    const { asker, demand, fresh, isOver, most, settling, unacknowledged } = this;
    if (asker === undefined || isOver || fresh.length > 0) {
      return 0;
    }
    const room = most - unacknowledged;
    return Math.min(demand.vacancies - settling, room < 1 ? room + this.sweep() : room);
  }

  learned(facts: ConsumerFacts): void {
    this.facts = facts;
    this.returns.maxDeliver = facts.maxDeliver;
    this.held = new HeldMessages(facts.ackWait / 2, asyncScheduler, (held) => {
      this.keep(held);
    });
  }

  has({ seq }: JsMsg): boolean {
    return this.held?.get(seq) !== undefined;
  }

  arrived(message: JsMsg): void {
    const held = this.held?.add(message);
    if (held === undefined) {
      return;
    }
    if (this.isOver) {
      this.giveBack(message);
    } else {
      this.fresh.push(held);
      this.wake();
    }
  }

  answered(unwanted: readonly JsMsg[]): void {
    for (const message of unwanted) {
      if (this.returns.comesAgain(message)) {
        message.nak();
      } else {
        this.arrived(message);
      }
    }
    this.passOn();
  }

  failed(error: unknown): void {
    this.failure ??= { error };
    this.end();
  }

  /** Once all that has come together is here: a batch can take it in one go. */
  private wake(): void {
    if (this.isWaking || this.asker === undefined || this.fresh.length === 0) {
      return;
    }
    this.isWaking = true;
    soon(() => {
      this.isWaking = false;
      const { asker, demand } = this;
      if (asker === undefined || demand.vacancies < 1) {
        // Whoever asked can take it no longer.
        return;
      }
      const message = this.take();
      if (message === undefined) {
        // It has been given back meanwhile.
        this.requests.start();
      } else {
        this.asker = undefined;
        asker.resolve({ done: false, value: message });
      }
    });
  }

  /** Half of the ack wait is over. What nobody takes is better off with another worker. */
  private keep(held: HeldMessage): void {
    const { message, stage } = held;
    if (isSettled(held)) {
      this.sweep();
      this.requests.start();
      return;
    }
    if (stage === 'new' && this.returns.comesAgain(message)) {
      this.nak(message);
      return;
    }
    try {
      message.working();
    } catch {
      // A connection that has been closed: the server delivers it again.
    }
  }

  /** What has come for connections that are up no longer goes to other workers, if it would come again. */
  private passOn(): void {
    const waiting = this.fresh.shiftMany(this.fresh.length).filter((held) => this.isHere(held));
    const space = Math.max(0, this.demand.space - this.settling);
    waiting.forEach((held, index) => {
      if (index >= space && this.returns.comesAgain(held.message)) {
        this.nak(held.message);
      } else {
        this.fresh.push(held);
      }
    });
  }

  /** Lets go of what has been settled at the message itself, and not by `settle`; gives how many those are. */
  private sweep(): number {
    const before = this.unacknowledged;
    this.held?.deleteAll(isSettled);
    return before - this.unacknowledged;
  }

  private nak(message: JsMsg): void {
    this.settle(message, (latest) => {
      latest.nak();
    });
  }

  private giveBack(message: JsMsg): void {
    this.settle(message, (latest) => this.returns.give(latest));
  }

  // ---- What goes to the server

  settle(message: JsMsg, say: (latest: JsMsg) => unknown): void {
    const held = this.held?.get(message.seq);
    if (held === undefined || held.stage === 'settling') {
      return;
    }
    held.stage = 'settling';
    this.settling++;
    const settled = (): void => {
      this.settling--;
      this.held?.delete(message.seq);
      this.rest();
      this.requests.start();
    };
    let said: unknown;
    try {
      said = say(held.message);
    } catch {
      // A connection that has been closed: the server delivers it again.
    }
    if (isPromiseLike(said)) {
      said.then(settled, settled);
    } else {
      settled();
    }
  }

  /** Nothing more is asked for. What nobody has taken is given back. */
  private end(): void {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    this.end$.next(this.failure);
    for (let message = this.take(); message !== undefined; message = this.take()) {
      this.giveBack(message);
    }
    this.answerEnd();
    this.rest();
  }

  private answerEnd(): void {
    const { asker, failure } = this;
    this.asker = undefined;
    if (failure === undefined) {
      asker?.resolve(over);
    } else {
      asker?.reject(failure.error);
    }
  }

  /** When it is over and nothing is held, no timer is left. */
  private rest(): void {
    if (this.isOver && this.unacknowledged === 0) {
      this.held?.stop();
    }
  }

  /** Nobody is left who could settle a message. */
  giveBackAll(): void {
    this.end();
    this.held?.stop();
    for (const { message } of this.held?.all() ?? []) {
      this.giveBack(message);
    }
  }
}

/** Whether it has been settled at the message itself. */
function isSettled({ message, stage }: HeldMessage): boolean {
  return stage === 'taken' && hasBeenTold(message);
}
