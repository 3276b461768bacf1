/** The imperative face: publish, and await what became of it. */
import { expect } from 'chai';
import { BehaviorSubject, EMPTY, finalize, NEVER, Observable, of, Subject, throwError } from 'rxjs';
import { useFakeTimers } from 'sinon';
import {
  isDelivered,
  LoadBalancer,
  RejectedError,
  TemporaryError,
  type BalancerActivity,
  type BatchConnection,
  type Connection,
  type ConnectionState,
  type Dropped,
  type FailureKind,
  type Outcome,
  type SendContext,
  type SendFunction,
} from '../../src/index.js';

/** `a` was delivered; `a closed` was dropped, and why. */
const inShort = (outcome: Outcome<unknown>): string =>
  isDelivered(outcome) ? String(outcome.event) : `${String(outcome.event)} ${outcome.reason}`;

/** When all that promises lead to has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

/** Writes down what promises resolve with. */
function listen(...promises: Promise<Outcome<unknown>>[]): string[] {
  const heard: string[] = [];
  for (const promise of promises) {
    void promise.then((outcome) => heard.push(inShort(outcome)));
  }
  return heard;
}

/** What a promise resolves with, when it is a drop. */
async function dropOf<T>(promise: Promise<Outcome<T>>): Promise<Dropped<T>> {
  const outcome = await promise;
  return outcome.status === 'dropped' ? outcome : expect.fail('expected a drop');
}

/** A connection that is answered by hand, and counts what is done to it. */
class Steered implements Connection<string, string> {
  /** How often it has been opened, and how often it is open. */
  opened = 0;
  open = 0;
  readonly sent: string[] = [];
  /** The sends that are in flight, oldest first. */
  readonly inFlight: Subject<string>[] = [];

  constructor(
    readonly name = 'steered',
    readonly window = 1,
  ) {}

  readonly state$ = new Observable<ConnectionState>((subscriber) => {
    this.opened++;
    this.open++;
    subscriber.next('up');
    return () => {
      this.open--;
    };
  });

  readonly send = (event: string): Observable<string> => {
    const answer$ = new Subject<string>();
    this.sent.push(event);
    this.inFlight.push(answer$);
    return answer$.pipe(finalize(() => this.inFlight.splice(this.inFlight.indexOf(answer$), 1)));
  };

  /** Acknowledges the oldest send. */
  async acknowledge(value = 'ok'): Promise<void> {
    const [answer$] = this.inFlight;
    answer$?.next(value);
    answer$?.complete();
    await settled();
  }
}

const shout = (event: string): Observable<string> => of(event.toUpperCase());

describe('LoadBalancer', () => {
  describe('the constructor', () => {
    it('opens the connections', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here]);
      expect(here.open).to.equal(1);
      await balancer.close();
    });

    it('makes a LoadBalancer', async () => {
      const balancer = new LoadBalancer([shout]);
      expect(balancer).to.be.an.instanceOf(LoadBalancer);
      expect(balancer.constructor.name).to.equal('LoadBalancer');
      await balancer.close();
    });

    it('calls the function form once', async () => {
      let called = 0;
      const connections = (): (typeof shout)[] => {
        called++;
        return [shout];
      };
      const balancer = new LoadBalancer(connections);
      expect(await balancer.publish('a')).to.include({ value: 'A' });
      expect(called).to.equal(1);
      await balancer.close();
    });

    it('takes a function of a stream of lists', async () => {
      const balancer = new LoadBalancer(() => of([shout]));
      expect(await balancer.publish('a')).to.include({ value: 'A' });
      await balancer.close();
    });

    const cases: [name: string, call: () => unknown, type: typeof TypeError, message: string][] = [
      [
        'connections that are none',
        () => new LoadBalancer(5 as never),
        TypeError,
        'LoadBalancer: expected `connections` to be an array, an Observable of arrays, or a function, got `5` (number)',
      ],
      [
        'a bad connection',
        () => new LoadBalancer([5 as never]),
        TypeError,
        'LoadBalancer: expected `connections[0]` to be a connection or a function, got `5` (number)',
      ],
      [
        'a bad option',
        () => new LoadBalancer([], { maxAttempts: 0 }),
        RangeError,
        'LoadBalancer: expected `maxAttempts` to be a positive integer or Infinity, got `0` (number)',
      ],
      [
        'options that are no object',
        () => new LoadBalancer([], null as never),
        TypeError,
        'LoadBalancer: expected `options` to be an object, got `null` (null)',
      ],
      [
        'a bad closeOn',
        () => new LoadBalancer([], { closeOn: 5 as never }),
        TypeError,
        'LoadBalancer: expected `closeOn` to be an ObservableInput or an AbortSignal, got `5` (number)',
      ],
    ];
    for (const [name, call, type, message] of cases) {
      it(`refuses ${name}`, () => {
        expect(call).to.throw(type, message);
      });
    }
  });

  describe('publish', () => {
    it('resolves with the outcome of a delivery', async () => {
      const balancer = new LoadBalancer([shout]);
      expect(await balancer.publish('a')).to.deep.equal({
        status: 'delivered',
        event: 'a',
        value: 'A',
        connection: 'shout',
        attempts: 1,
      });
      await balancer.drain();
    });

    it('resolves with the outcome of a drop', async () => {
      const error = new RejectedError('never');
      const balancer = new LoadBalancer([
        { name: 'strict', state$: up$(), send: () => throwError(() => error) },
      ]);
      expect(await balancer.publish('a')).to.deep.equal({
        status: 'dropped',
        event: 'a',
        reason: 'rejected',
        error,
        attempts: 1,
        failures: [{ connection: 'strict', error }],
      });
      await balancer.drain();
    });

    it('resolves with the very event, whatever it is', async () => {
      const balancer = new LoadBalancer([(event: unknown) => of(event)]);
      for (const event of [undefined, null, 0, '', Symbol('event'), { some: 'object' }, []]) {
        expect(await balancer.publish(event)).to.include({ event, value: event });
      }
      await balancer.drain();
    });

    it('takes the same primitive twice: two events, two outcomes', async () => {
      const here = new Steered('here', 2);
      const balancer = new LoadBalancer([here]);
      const [first, second] = [balancer.publish('a'), balancer.publish('a')];
      expect(here.sent).to.deep.equal(['a', 'a']);
      await here.acknowledge('one');
      await here.acknowledge('two');
      expect(await first).to.include({ event: 'a', value: 'one' });
      expect(await second).to.include({ event: 'a', value: 'two' });
      await balancer.drain();
    });

    it('takes the same object twice', async () => {
      const event = { some: 'object' };
      let sends = 0;
      const balancer = new LoadBalancer([(sent: object) => of([sent === event, ++sends])]);
      const outcomes = await Promise.all([balancer.publish(event), balancer.publish(event)]);
      expect(outcomes.map((outcome) => isDelivered(outcome) && outcome.value)).to.deep.equal([
        [true, 1],
        [true, 2],
      ]);
      await balancer.drain();
    });

    it('waits for a connection', async () => {
      const state$ = new BehaviorSubject<ConnectionState>('down');
      const balancer = new LoadBalancer([{ name: 'here', state$, send: shout }]);
      const heard = listen(balancer.publish('a'));
      await settled();
      expect(heard).to.deep.equal([]);
      state$.next('up');
      await settled();
      expect(heard).to.deep.equal(['a']);
      await balancer.drain();
    });

    it('resolves at once when there is no connection and none can come', async () => {
      const balancer = new LoadBalancer<string, string>([]);
      expect(await balancer.publish('a')).to.include({ event: 'a', reason: 'no-connection' });
      await balancer.drain();
    });

    it('resolves when the queue is full', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here], { queue: { capacity: 1 } });
      const heard = listen(...['a', 'b', 'c'].map((event) => balancer.publish(event)));
      await settled();
      expect(heard).to.deep.equal(['c overflow']);
      await balancer.close();
    });

    it('resolves after a timeout', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const balancer = new LoadBalancer([new Steered()], { maxAttempts: 1, timeout: { send: 100 } });
        const heard = listen(balancer.publish('a'));
        await clock.tickAsync(99);
        expect(heard).to.deep.equal([]);
        await clock.tickAsync(1);
        expect(heard).to.deep.equal(['a attempts']);
        await balancer.close();
        expect(clock.countTimers()).to.equal(0);
      } finally {
        clock.restore();
      }
    });

    it('takes events inside a send', async () => {
      const outcomes: Promise<Outcome<number>>[] = [];
      const balancer = new LoadBalancer([
        (event: number) => {
          if (event < 3) {
            outcomes.push(balancer.publish(event + 1));
          }
          return of(event);
        },
      ]);
      expect(inShort(await balancer.publish(1))).to.equal('1');
      expect((await Promise.all(outcomes)).map(inShort)).to.deep.equal(['2', '3']);
      await balancer.drain();
    });

    it('takes events in the handler of an outcome', async () => {
      const balancer = new LoadBalancer([shout]);
      const second = await balancer.publish('a').then(() => balancer.publish('b'));
      expect(second).to.include({ value: 'B' });
      await balancer.drain();
    });

    it('takes 100,000 events, each inside the outcome of the one before, without growing the stack', async function () {
      this.timeout(30_000);
      let published = 0;
      let last: Promise<unknown> | undefined;
      const monitor = {
        next: ({ type }: BalancerActivity): void => {
          if (type === 'outcome' && published < 100_000) {
            last = balancer.publish(++published);
          }
        },
      };
      const balancer = new LoadBalancer<SendFunction<number, never>>([() => EMPTY], { monitor });
      void balancer.publish(0);
      await last;
      await balancer.drain();
      expect(published).to.equal(100_000);
    });

    it('takes from the connections in turns', async () => {
      const one = (event: number): Observable<number> => of(event);
      const other = (event: number): Observable<number> => of(event);
      const balancer = new LoadBalancer([one, other]);
      const outcomes = await balancer.publishAll([1, 2, 3, 4]);
      const places = outcomes.map((outcome) => isDelivered(outcome) && outcome.connection);
      expect(places).to.deep.equal(['one', 'other', 'one', 'other']);
      await balancer.drain();
    });
  });

  describe('publishAll', () => {
    it('resolves with the outcomes in the order of the events', async () => {
      const here = new Steered('here', 3);
      const balancer = new LoadBalancer([here]);
      const all = balancer.publishAll(['a', 'b', 'c']);
      here.inFlight[2]?.complete();
      here.inFlight[0]?.complete();
      here.inFlight[0]?.error(new RejectedError('never'));
      expect((await all).map(inShort)).to.deep.equal(['a', 'b rejected', 'c']);
      await balancer.drain();
    });

    it('resolves with nothing for nothing', async () => {
      const balancer = new LoadBalancer([shout]);
      expect(await balancer.publishAll([])).to.deep.equal([]);
      await balancer.drain();
    });

    it('lets a batch connection take the events together', async () => {
      const { connection, batches } = batching();
      const balancer = new LoadBalancer([connection]);
      const outcomes = await balancer.publishAll(['a', 'b', 'c', 'd', 'e']);
      expect(batches).to.deep.equal([
        ['a', 'b', 'c'],
        ['d', 'e'],
      ]);
      expect(outcomes.map(inShort)).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
      await balancer.drain();
    });

    it('does what publishing one by one does not', async () => {
      const { connection, batches } = batching();
      const balancer = new LoadBalancer([connection]);
      await Promise.all([balancer.publish('a'), balancer.publish('b')]);
      expect(batches).to.deep.equal([['a'], ['b']]);
      await balancer.drain();
    });

    it('refuses what is no array', async () => {
      const balancer = new LoadBalancer([shout]);
      expect(() => balancer.publishAll('abc' as never)).to.throw(
        TypeError,
        'LoadBalancer: expected `events` to be an array, got `"abc"` (string)',
      );
      await balancer.close();
    });
  });

  describe('guaranteed', () => {
    /** Fails a number of times, and is never closed for it. */
    const failing = (times: number) => {
      let left = times;
      return () =>
        left-- > 0 ? throwError(() => new TemporaryError('full', { retryAfter: 0 })) : of('done');
    };

    it('of one event lifts its limit of attempts', async () => {
      const balancer = new LoadBalancer([failing(5)], { maxAttempts: 1 });
      expect(await balancer.publish('a', { guaranteed: true })).to.include({ value: 'done', attempts: 6 });
      await balancer.drain();
    });

    it('of one event goes before the option', async () => {
      const balancer = new LoadBalancer([failing(5)], { maxAttempts: 2, guaranteed: true });
      const drop = await dropOf(balancer.publish('a', { guaranteed: false }));
      expect(drop).to.include({ reason: 'attempts', attempts: 2 });
      await balancer.drain();
    });

    it('left out, or undefined, is what the option says', async () => {
      const balancer = new LoadBalancer([failing(5)], { maxAttempts: 2, guaranteed: true });
      expect(await balancer.publish('a', {})).to.include({ value: 'done' });
      await balancer.drain();
    });

    it('left out, without the option, is false', async () => {
      const balancer = new LoadBalancer([failing(5)], { maxAttempts: 2 });
      expect(await balancer.publish('a')).to.include({ reason: 'attempts' });
      await balancer.drain();
    });

    it('may be a function of the event', async () => {
      const asked: unknown[] = [];
      const guaranteed = (event: string): boolean => {
        asked.push(event);
        return event === 'a';
      };
      const balancer = new LoadBalancer([failing(3)], { maxAttempts: 1, guaranteed });
      expect(await balancer.publish('a')).to.include({ value: 'done', attempts: 4 });
      expect(asked).to.deep.equal(['a']);
      await balancer.drain();
    });

    it('of publishAll is for all of its events', async () => {
      const balancer = new LoadBalancer([failing(4)], { maxAttempts: 1 });
      const outcomes = await balancer.publishAll(['a', 'b'], { guaranteed: true });
      expect(outcomes.every(isDelivered)).to.equal(true);
      await balancer.drain();
    });

    it('waits without limit beside one that does not', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const state$ = new BehaviorSubject<ConnectionState>('down');
        const down: Connection<string, string> = { name: 'down', state$, send: shout };
        const balancer = new LoadBalancer([down], { maxAttempts: 1, timeout: { wait: 100 } });
        const heard = listen(balancer.publish('a', { guaranteed: true }), balancer.publish('b'));
        await clock.tickAsync(1_000);
        expect(heard).to.deep.equal(['b no-connection']);
        await balancer.close();
      } finally {
        clock.restore();
      }
    });

    it('must be a boolean, also for publish, which never rejects', async () => {
      const balancer = new LoadBalancer([shout]);
      const message = 'LoadBalancer: expected `guaranteed` to be a boolean, got `"yes"` (string)';
      const options = { guaranteed: 'yes' as never };
      expect(() => balancer.publishAll(['a'], options)).to.throw(TypeError, message);
      expect(() => {
        balancer.publish('a', options).catch(() => undefined);
      }).to.throw(TypeError, message);
      await balancer.close();
    });
  });

  describe('drain', () => {
    it('takes no new events, and resolves when every event has its outcome', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here]);
      const heard = listen(balancer.publish('a'), balancer.publish('b'));
      let drained = false;
      const end = balancer.drain().then(() => (drained = true));
      heard.push(inShort(await balancer.publish('c')));
      await here.acknowledge();
      expect(drained).to.equal(false);
      await here.acknowledge();
      await end;
      expect(heard).to.deep.equal(['c closed', 'a', 'b']);
      expect(here.open).to.equal(0);
    });

    it('resolves at once when there is nothing to wait for', async () => {
      const here = new Steered();
      await new LoadBalancer([here]).drain();
      expect(here.open).to.equal(0);
    });

    it('may be asked for many times', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here]);
      void balancer.publish('a');
      const ends = [balancer.drain(), balancer.drain()];
      await here.acknowledge();
      await Promise.all(ends);
      await balancer.drain();
      expect(here.open).to.equal(0);
    });

    it('takes at most drainTimeout', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const balancer = new LoadBalancer([new Steered()], { drainTimeout: 50 });
        const heard = listen(balancer.publish('a'));
        let drained = false;
        void balancer.drain().then(() => (drained = true));
        await clock.tickAsync(49);
        expect(drained).to.equal(false);
        await clock.tickAsync(1);
        expect(drained).to.equal(true);
        expect(heard).to.deep.equal(['a closed']);
      } finally {
        clock.restore();
      }
    });

    it('does not wait for a batch to fill', async () => {
      const { connection, batches } = batching(10_000);
      const balancer = new LoadBalancer([connection]);
      const heard = listen(balancer.publish('a'));
      expect(batches).to.deep.equal([]);
      await balancer.drain();
      expect(batches).to.deep.equal([['a']]);
      expect(heard).to.deep.equal(['a']);
    });

    it('drops what is published inside an outcome meanwhile', async () => {
      const here = new Steered();
      const late: Promise<Outcome<string>>[] = [];
      const monitor = {
        next: ({ type }: BalancerActivity): void => {
          if (type === 'outcome' && late.length === 0) {
            late.push(balancer.publish('late'));
          }
        },
      };
      const balancer = new LoadBalancer<Steered>([here], { monitor });
      void balancer.publish('a');
      const end = balancer.drain();
      await here.acknowledge();
      await end;
      expect((await Promise.all(late)).map(inShort)).to.deep.equal(['late closed']);
    });

    it('is what await using does', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here]);
      const heard = listen(balancer.publish('a'));
      const disposed = balancer[Symbol.asyncDispose]();
      expect(inShort(await balancer.publish('b'))).to.equal('b closed');
      await here.acknowledge();
      await disposed;
      expect(heard).to.deep.equal(['a']);
      expect(here.open).to.equal(0);
    });
  });

  describe('close', () => {
    it('drops what is queued and what is in flight, and closes the connections, at once', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here]);
      const outcomes = [balancer.publish('a'), balancer.publish('b')];
      const end = balancer.close();
      expect(here.open).to.equal(0);
      expect(here.inFlight).to.have.length(0);
      expect((await Promise.all(outcomes)).map(inShort)).to.deep.equal(['a closed', 'b closed']);
      const [first, second] = await Promise.all(outcomes.map(dropOf));
      expect(first).to.include({ attempts: 1 });
      expect(second).to.include({ attempts: 0 });
      expect(first?.error).to.be.an('error').with.property('message', 'LoadBalancer: closed');
      await end;
    });

    it('drops what drain was waiting for', async () => {
      const balancer = new LoadBalancer([new Steered()]);
      const heard = listen(balancer.publish('a'));
      const drained = balancer.drain();
      await balancer.close();
      await drained;
      expect(heard).to.deep.equal(['a closed']);
    });

    it('may be asked for many times, and before drain', async () => {
      const balancer = new LoadBalancer([new Steered()]);
      await balancer.close();
      await balancer.close();
      await balancer.drain();
    });

    it('inside an outcome comes after it', async () => {
      const monitor = {
        next: ({ type }: BalancerActivity): void => {
          if (type === 'outcome') {
            void balancer.close();
          }
        },
      };
      const balancer = new LoadBalancer<typeof shout>([shout], { monitor });
      expect(inShort(await balancer.publish('a'))).to.equal('a');
      expect(inShort(await balancer.publish('b'))).to.equal('b closed');
    });

    it('inside a send drops its event', async () => {
      const balancer = new LoadBalancer<SendFunction<string, never>>([
        () => {
          void balancer.close();
          return NEVER;
        },
      ]);
      expect(inShort(await balancer.publish('a'))).to.equal('a closed');
    });
  });

  describe('after its end, publish drops events as closed', () => {
    const expectClosed = async (balancer: LoadBalancer<string, string>): Promise<void> => {
      const drop = await dropOf(balancer.publish('late'));
      expect(drop).to.deep.include({ event: 'late', reason: 'closed', attempts: 0, failures: [] });
      expect(drop.error).to.be.an('error').with.property('message', 'LoadBalancer: takes no more events');
      const all = await balancer.publishAll(['one', 'two']);
      expect(all.map(inShort)).to.deep.equal(['one closed', 'two closed']);
    };

    it('by drain', async () => {
      const balancer = new LoadBalancer([shout]);
      await balancer.drain();
      await expectClosed(balancer);
    });

    it('by close', async () => {
      const balancer = new LoadBalancer([shout]);
      await balancer.close();
      await expectClosed(balancer);
    });

    it('by closeOn, a stream', async () => {
      const closeOn = new Subject<void>();
      const here = new Steered();
      const balancer = new LoadBalancer([here], { closeOn });
      const heard = listen(balancer.publish('a'));
      closeOn.next();
      await settled();
      expect(heard).to.deep.equal(['a closed']);
      expect(here.open).to.equal(0);
      await expectClosed(balancer);
      await balancer.drain();
    });

    it('by closeOn, a signal', async () => {
      const controller = new AbortController();
      const balancer = new LoadBalancer([new Steered()], { closeOn: controller.signal });
      const drop = dropOf(balancer.publish('a'));
      const reason = new Error('shutting down');
      controller.abort(reason);
      expect((await drop).error).to.equal(reason);
      await expectClosed(balancer);
    });

    it('by a closeOn from the start: nothing is opened', async () => {
      const here = new Steered();
      const balancer = new LoadBalancer([here], { closeOn: AbortSignal.abort() });
      await expectClosed(balancer);
      expect(here.opened).to.equal(0);
      await balancer.drain();
    });

    it('by an error of the membership, which is the error of what was outstanding', async () => {
      const lists$ = new Subject<Steered[]>();
      const here = new Steered();
      const balancer = new LoadBalancer(lists$);
      lists$.next([here]);
      const drop = dropOf(balancer.publish('a'));
      const error = new Error('no more lists');
      lists$.error(error);
      expect(await drop).to.include({ reason: 'closed', error });
      await expectClosed(balancer);
      await balancer.drain();
      await balancer.close();
      expect(here.open).to.equal(0);
    });

    it('by what the function form throws', async () => {
      const balancer = new LoadBalancer((): (typeof shout)[] => {
        throw new Error('no list');
      });
      await expectClosed(balancer);
      await balancer.drain();
    });

    it('by an option that throws', async () => {
      const error = new Error('thrown');
      const balancer = new LoadBalancer(
        [(event: string): Observable<string> => throwError(() => new Error(event))],
        {
          guaranteed: () => {
            throw error;
          },
        },
      );
      expect(await dropOf(balancer.publish('a'))).to.include({ reason: 'closed', error });
      await expectClosed(balancer);
    });
  });

  describe('the connections', () => {
    it('keep their names when they are functions', async () => {
      const sendHere = (event: string): Observable<string> => of(event);
      const balancer = new LoadBalancer([sendHere]);
      expect(await balancer.publish('a')).to.include({ connection: 'sendHere' });
      await balancer.drain();
    });

    it('are numbered when they are functions without a name', async () => {
      const balancer = new LoadBalancer([(event: string) => of(event), (event: string) => of(event)]);
      const outcomes = await balancer.publishAll(['a', 'b']);
      const names = outcomes.map((outcome) => isDelivered(outcome) && outcome.connection);
      expect(names).to.deep.equal(['connection 1', 'connection 2']);
      await balancer.drain();
    });

    it('are told of the event and the attempt', async () => {
      const told: unknown[] = [];
      const send = (event: string, { attempt, signal }: SendContext): Observable<string> => {
        told.push([event, attempt, signal.aborted]);
        return attempt === 1 ? throwError(() => new TemporaryError('full', { retryAfter: 0 })) : of(event);
      };
      const balancer = new LoadBalancer([send]);
      await balancer.publish('a');
      expect(told).to.deep.equal([
        ['a', 1, false],
        ['a', 2, false],
      ]);
      await balancer.drain();
    });

    it('are called as the objects they are: send, and classify with the event', async () => {
      class Client implements Connection<string, string> {
        readonly name = 'client';
        readonly state$ = up$();
        private readonly prefix = 'sent ';
        private readonly refused = 'bad';
        readonly classified: string[] = [];

        send(event: string): Observable<string> {
          return event === this.refused ? throwError(() => new Error(event)) : of(this.prefix + event);
        }

        classify(error: unknown, event: string): FailureKind {
          this.classified.push(`${String(error)} ${event}`);
          return 'rejected';
        }
      }
      const client = new Client();
      const balancer = new LoadBalancer([client]);
      expect(await balancer.publish('a')).to.include({ value: 'sent a' });
      expect(await balancer.publish('bad')).to.include({ reason: 'rejected' });
      expect(client.classified).to.deep.equal(['Error: bad bad']);
      await balancer.drain();
    });

    it('are called as the objects they are: the send of a batch', async () => {
      class Batching {
        readonly size = 2;
        private readonly prefix = 'sent ';

        send(events: readonly string[]) {
          return of(
            events.map((event, index) => ({
              index,
              status: 'delivered' as const,
              value: this.prefix + event,
            })),
          );
        }
      }
      const client = { name: 'client', state$: up$(), batch: new Batching() };
      const balancer = new LoadBalancer([client]);
      const outcomes = await balancer.publishAll(['a', 'b']);
      expect(outcomes.map((outcome) => isDelivered(outcome) && outcome.value)).to.deep.equal([
        'sent a',
        'sent b',
      ]);
      await balancer.drain();
    });

    it('are called as the objects they are: a batch with a getter', async () => {
      class Batching {
        readonly sent: (readonly string[])[] = [];
        private readonly most = 2;

        get size(): number {
          return this.most;
        }

        send(events: readonly string[]): Observable<never> {
          this.sent.push(events);
          return EMPTY;
        }
      }
      const batch = new Batching();
      const balancer = new LoadBalancer([{ name: 'client', state$: up$(), batch }]);
      await balancer.publishAll(['a', 'b', 'c']);
      expect(batch.sent).to.deep.equal([['a', 'b'], ['c']]);
      await balancer.drain();
    });

    it('keep their windows, also those that are streams', async () => {
      const window = new BehaviorSubject(1);
      const sent: string[] = [];
      const send = (event: string): Observable<never> => {
        sent.push(event);
        return NEVER;
      };
      const balancer = new LoadBalancer([{ name: 'here', state$: up$(), window, send }]);
      void balancer.publishAll(['a', 'b', 'c']);
      expect(sent).to.deep.equal(['a']);
      window.next(3);
      expect(sent).to.deep.equal(['a', 'b', 'c']);
      await balancer.close();
    });

    it('keep their classify for a batch, with the event', async () => {
      const classified: unknown[] = [];
      const client: BatchConnection<string, string> = {
        name: 'client',
        state$: up$(),
        classify: (_, event) => {
          classified.push(event);
          return 'rejected';
        },
        batch: { size: 2, send: () => throwError(() => new Error('bad')) },
      };
      const balancer = new LoadBalancer([client]);
      const outcomes = await balancer.publishAll(['a', 'b']);
      expect(outcomes.map(inShort)).to.deep.equal(['a rejected', 'b rejected']);
      expect(classified).to.deep.equal(['a']);
      await balancer.drain();
    });

    it('keep their identity in a stream of lists: one that stays listed stays open', async () => {
      const [one, other] = [new Steered('one'), new Steered('other')];
      const lists$ = new BehaviorSubject([one]);
      const balancer = new LoadBalancer(lists$);
      lists$.next([one, other]);
      lists$.next([other, one, one]);
      expect([one.opened, one.open]).to.deep.equal([1, 1]);
      expect([other.opened, other.open]).to.deep.equal([1, 1]);
      lists$.next([other]);
      expect([one.open, other.open]).to.deep.equal([0, 1]);
      lists$.next([other, one]);
      expect([one.opened, one.open]).to.deep.equal([2, 1]);
      await balancer.close();
    });

    it('keep their identity when they are functions', async () => {
      const lists$ = new BehaviorSubject([shout]);
      const states: string[] = [];
      const monitor = {
        next: (activity: BalancerActivity): void => {
          if (activity.type === 'state') {
            states.push(`${activity.connection} ${activity.state}`);
          }
        },
      };
      const balancer = new LoadBalancer(lists$, { monitor });
      lists$.next([shout, shout]);
      expect(states.filter((state) => state === 'shout up')).to.have.length(1);
      expect(states).to.not.include('shout removed');
      await balancer.close();
    });
  });

  describe('the monitor', () => {
    const watched = () => {
      const seen: BalancerActivity[] = [];
      const ends: unknown[] = [];
      const monitor = {
        next: (activity: BalancerActivity): void => {
          seen.push(activity);
        },
        error: (error: unknown): void => {
          ends.push(error);
        },
        complete: (): void => {
          ends.push('complete');
        },
      };
      return { seen, ends, monitor };
    };

    it('sees the events of outcomes, and nothing of what carries them', async () => {
      const { seen, ends, monitor } = watched();
      const event = { some: 'object' };
      const balancer = new LoadBalancer([(sent: object) => of(sent)], { monitor });
      const outcome = await balancer.publish(event);
      await balancer.drain();
      const reported = seen.flatMap((activity) => (activity.type === 'outcome' ? [activity.outcome] : []));
      expect(reported).to.deep.equal([outcome]);
      expect(reported[0]?.event).to.equal(event);
      expect(ends).to.deep.equal(['complete']);
    });

    it('sees the events of drops', async () => {
      const { seen, monitor } = watched();
      const balancer = new LoadBalancer([new Steered()], { monitor });
      void balancer.publishAll(['a', 'b']);
      await balancer.close();
      const reported = seen.flatMap((activity) =>
        activity.type === 'outcome' ? [inShort(activity.outcome)] : [],
      );
      expect(reported).to.deep.equal(['a closed', 'b closed']);
    });

    it('sees everything else as it is', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const { seen, monitor } = watched();
        const balancer = new LoadBalancer([shout], { monitor });
        await balancer.publish('a');
        await clock.tickAsync(100);
        const types = new Set(seen.map(({ type }) => type));
        expect([...types].sort()).to.deep.equal(['answer', 'attempt', 'outcome', 'queue', 'state']);
        expect(seen).to.deep.include({ type: 'state', connection: 'shout', state: 'up' });
        expect(seen).to.deep.include({ type: 'attempt', connection: 'shout', events: 1, attempt: 1 });
        await balancer.drain();
      } finally {
        clock.restore();
      }
    });

    it('is told of an error', async () => {
      const { ends, monitor } = watched();
      const error = new Error('no more lists');
      const balancer = new LoadBalancer<string, string>(
        throwError(() => error),
        { monitor },
      );
      await balancer.drain();
      expect(ends).to.deep.equal([error]);
    });

    it('needs none of its methods, also when there is an error', async () => {
      const clock = useFakeTimers({ shouldClearNativeTimers: true });
      try {
        const lists$ = new BehaviorSubject([shout]);
        const balancer = new LoadBalancer(lists$, { monitor: {} });
        expect(await balancer.publish('a')).to.include({ value: 'A' });
        lists$.error(new Error('no more lists'));
        await balancer.drain();
        // RxJS reports an error that nobody handles in a timer.
        expect(() => clock.runAll()).to.not.throw();
      } finally {
        clock.restore();
      }
    });

    it('is called as the object it is', async () => {
      class Counter {
        outcomes = 0;
        ended = 0;
        next({ type }: BalancerActivity): void {
          this.outcomes += type === 'outcome' ? 1 : 0;
        }
        error(): void {
          this.ended++;
        }
        complete(): void {
          this.ended++;
        }
      }
      const monitor = new Counter();
      const balancer = new LoadBalancer([shout], { monitor });
      await balancer.publish('a');
      await balancer.drain();
      const failing = new LoadBalancer(
        throwError(() => new Error('no more lists')),
        { monitor },
      );
      await failing.drain();
      expect(monitor).to.deep.include({ outcomes: 1, ended: 2 });
    });

    it('is completed at an error when it takes none', async () => {
      let completed = 0;
      const complete = (): void => {
        completed++;
      };
      const balancer = new LoadBalancer<string, string>(
        throwError(() => new Error('no more lists')),
        { monitor: { complete } },
      );
      await balancer.drain();
      expect(completed).to.equal(1);
    });
  });

  /** Takes batches of three. */
  function batching(linger = 0): {
    connection: BatchConnection<string, string>;
    batches: (readonly string[])[];
  } {
    const batches: (readonly string[])[] = [];
    const send = (events: readonly string[]): Observable<never> => {
      batches.push(events);
      return EMPTY;
    };
    return { connection: { name: 'batching', state$: up$(), batch: { size: 3, linger, send } }, batches };
  }

  function up$(): Observable<ConnectionState> {
    return new BehaviorSubject<ConnectionState>('up').asObservable();
  }
});
