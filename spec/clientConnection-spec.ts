/** Proves that a connection made from a client opens, breaks, closes and opens again as it should. */
import { expect } from 'chai';
import {
  concat,
  EMPTY,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  Subject,
  throwError,
  type ObservableInput,
} from 'rxjs';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import {
  connection,
  isDelivered,
  loadBalance,
  TemporaryError,
  type Connection,
  type Outcome,
  type SendContext,
  type SingleClientConfig,
} from '../src/index.js';

interface Client {
  readonly id: number;
}

type Config = SingleClientConfig<string, string, Client>;

const context: SendContext = { attempt: 1, signal: new AbortController().signal };

const thrown = (value: unknown): never => {
  throw value;
};

const after = <V>(delay: number, value: V): Promise<V> =>
  new Promise((resolve) => setTimeout(resolve, delay, value));

describe('connection', () => {
  let clock: SinonFakeTimers;
  let log: string[];
  let clients: number;

  beforeEach(() => {
    clock = useFakeTimers({ shouldClearNativeTimers: true });
    log = [];
    clients = 0;
  });

  afterEach(() => {
    clock.restore();
  });

  const newClient = (): Client => {
    const client = { id: ++clients };
    log.push(`open ${client.id}`);
    return client;
  };

  /** A connection whose life is logged; what is given replaces a part of it. */
  const made = (config: Partial<Config> = {}): Connection<string, string> =>
    connection({
      name: 'place',
      open: newClient,
      close: (client) => {
        log.push(`close ${client.id}`);
      },
      send: (client, event) => of(`${event} by ${client.id}`),
      ...config,
    });

  /** Logs its states. */
  const watch = ({ state$ }: Connection<string, string>) =>
    state$.subscribe({
      next: (state) => log.push(state),
      error: (error: unknown) => log.push(`failed: ${String(error)}`),
      complete: () => log.push('completed'),
    });

  describe('opening', () => {
    it('should be connecting, and up as soon as there is a client', () => {
      const subscription = watch(made());

      expect(log).to.deep.equal(['connecting', 'open 1', 'up']);
      subscription.unsubscribe();
    });

    it('should open nothing before it is subscribed to', () => {
      made();

      expect(log).to.be.empty;
    });

    it('should be connecting until a promise gives the client', async () => {
      const subscription = watch(made({ open: () => after(100, 0).then(newClient) }));

      await clock.tickAsync(99);
      expect(log).to.deep.equal(['connecting']);
      await clock.tickAsync(1);

      expect(log).to.deep.equal(['connecting', 'open 1', 'up']);
      subscription.unsubscribe();
    });

    it('should fail when open throws', () => {
      watch(made({ open: () => thrown(new Error('no route')) }));

      expect(log).to.deep.equal(['connecting', 'failed: Error: no route']);
    });

    it('should fail when open rejects', async () => {
      watch(made({ open: () => after(100, 0).then(() => thrown(new Error('refused'))) }));

      await clock.tickAsync(100);

      expect(log).to.deep.equal(['connecting', 'failed: Error: refused']);
    });

    it('should close a client that comes after nobody wants it any more', async () => {
      const subscription = watch(made({ open: () => after(100, 0).then(newClient) }));
      await clock.tickAsync(50);

      subscription.unsubscribe();
      await clock.tickAsync(50);

      expect(log).to.deep.equal(['connecting', 'open 1', 'close 1']);
    });

    it('should say nothing of a rejection that comes after nobody waits for it any more', async () => {
      const subscription = watch(
        made({ open: () => after(100, 0).then(() => thrown(new Error('refused'))) }),
      );

      subscription.unsubscribe();
      await clock.tickAsync(100);

      expect(log).to.deep.equal(['connecting']);
    });

    it('should abort the signal when it is unsubscribed while it opens', () => {
      let signal: AbortSignal | undefined;
      const subscription = watch(
        made({
          open: (given) => {
            signal = given;
            return new Promise<Client>(() => undefined);
          },
        }),
      );
      expect(signal?.aborted).to.be.false;

      subscription.unsubscribe();

      expect(signal?.aborted).to.be.true;
    });

    it('should give a new signal to every opening', () => {
      const signals = new Set<AbortSignal>();
      const place = made({
        open: (signal) => {
          signals.add(signal);
          expect(signal.aborted).to.be.false;
          return newClient();
        },
      });

      watch(place).unsubscribe();
      watch(place).unsubscribe();

      expect(signals.size).to.equal(2);
    });

    it('should abort the signal when the balancer waits no longer for it', async () => {
      const signals: AbortSignal[] = [];
      const place = made({
        open: (signal) => {
          signals.push(signal);
          return new Promise<Client>(() => undefined);
        },
      });
      const subscription = NEVER.pipe(
        loadBalance([place], { timeout: { connect: 100 }, reconnectDelay: 50 }),
      ).subscribe();

      await clock.tickAsync(160);

      expect(signals.map(({ aborted }) => aborted)).to.deep.equal([true, false]);
      subscription.unsubscribe();
    });
  });

  describe('an open client that is lost', () => {
    it('should fail with the error that lost emits', () => {
      const lost$ = new Subject<unknown>();
      watch(made({ lost: () => lost$ }));

      lost$.next(new Error('reset'));

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'failed: Error: reset', 'close 1']);
    });

    it('should fail with an error that has what lost emits as its cause', () => {
      const lost$ = new Subject<unknown>();
      const errors: Error[] = [];
      made({ lost: () => lost$ }).state$.subscribe({
        error: (error: unknown) => errors.push(error as Error),
      });

      lost$.next({ code: 1006 });

      expect(errors.map(({ message }) => message)).to.deep.equal(['connection "place" was lost']);
      expect(errors[0]?.cause).to.deep.equal({ code: 1006 });
    });

    it('should fail with the error that lost fails with, whatever it is', () => {
      const lost$ = new Subject<unknown>();
      const gone: unknown = 'gone';
      watch(made({ lost: () => lost$ }));

      lost$.error(gone);

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'failed: gone', 'close 1']);
    });

    it('should go on when lost completes', () => {
      const subscription = watch(made({ lost: () => EMPTY }));

      expect(log).to.deep.equal(['connecting', 'open 1', 'up']);
      subscription.unsubscribe();
    });

    it('should be told by any ObservableInput', async () => {
      const subscription = watch(made({ lost: () => after(100, 'closed') }));

      await clock.tickAsync(100);

      expect(log).to.deep.equal([
        'connecting',
        'open 1',
        'up',
        'failed: Error: connection "place" was lost',
        'close 1',
      ]);
      subscription.unsubscribe();
    });

    it('should not come up when it is lost at once', () => {
      watch(made({ lost: () => throwError(() => new Error('reset')) }));

      expect(log).to.have.members(['connecting', 'open 1', 'failed: Error: reset', 'close 1']);
    });

    it('should fail when lost throws', () => {
      watch(made({ lost: () => thrown(new Error('bad')) }));

      expect(log).to.have.members(['connecting', 'open 1', 'failed: Error: bad', 'close 1']);
    });

    it('should fail when lost throws for a client that came by a promise', async () => {
      watch(made({ open: () => after(100, 0).then(newClient), lost: () => thrown(new Error('bad')) }));

      await clock.tickAsync(100);

      expect(log).to.have.members(['connecting', 'open 1', 'failed: Error: bad', 'close 1']);
    });

    it('should be listened to for as long as the client is open', () => {
      const lost$ = new Subject<unknown>();
      const subscription = watch(made({ lost: () => lost$ }));
      expect(lost$.observed).to.be.true;

      subscription.unsubscribe();

      expect(lost$.observed).to.be.false;
    });

    it('should be replaced by a new one, and its events sent there', () => {
      const lost$ = new Subject<unknown>();
      const outcomes: Outcome<string, string>[] = [];
      const place = made({
        lost: () => lost$,
        send: (client, event) => (client.id === 1 ? NEVER : of(`${event} by ${client.id}`)),
      });
      const subscription = concat(of('a'), NEVER)
        .pipe(loadBalance([place], { reconnectDelay: 100 }))
        .subscribe((outcome) => outcomes.push(outcome));

      lost$.next('reset');
      clock.tick(100);

      expect(outcomes.map((outcome) => isDelivered(outcome) && outcome.value)).to.deep.equal(['a by 2']);
      expect(log).to.deep.equal(['open 1', 'close 1', 'open 2']);
      subscription.unsubscribe();
    });
  });

  describe('closing', () => {
    it('should close the client when it is unsubscribed', () => {
      watch(made()).unsubscribe();

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'close 1']);
    });

    it('should do without a close', () => {
      const { close, ...config } = { close: undefined, name: 'place', open: newClient, send: () => of('r') };
      expect(close).to.be.undefined;
      const place = connection(config);

      watch(place).unsubscribe();
      watch(place).unsubscribe();

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'connecting', 'open 2', 'up']);
    });

    for (const [what, close] of [
      ['throws', () => thrown(new Error('no'))],
      ['rejects', () => Promise.reject(new Error('no'))],
    ] as const) {
      it(`should open again after a close that ${what}`, async () => {
        const place = made({ close });
        watch(place).unsubscribe();

        const subscription = watch(place);
        await clock.tickAsync(0);

        expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'connecting', 'open 2', 'up']);
        subscription.unsubscribe();
      });
    }

    it('should not open again before a close is done that takes its time', async () => {
      const place = made({
        close: (client) => after(100, 0).then(() => log.push(`closed ${client.id}`)),
      });
      watch(place).unsubscribe();

      const subscription = watch(place);
      await clock.tickAsync(99);
      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'connecting']);
      await clock.tickAsync(1);

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'connecting', 'closed 1', 'open 2', 'up']);
      subscription.unsubscribe();
    });

    it('should open at once when the close is done by then', async () => {
      const place = made({ close: () => after(100, 0) });
      watch(place).unsubscribe();
      await clock.tickAsync(100);

      const subscription = watch(place);

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'connecting', 'open 2', 'up']);
      subscription.unsubscribe();
    });

    it('should not open when it is unsubscribed while it waits for a close', async () => {
      const place = made({ close: () => after(100, 0) });
      watch(place).unsubscribe();

      watch(place).unsubscribe();
      await clock.tickAsync(1_000);

      expect(log).to.deep.equal(['connecting', 'open 1', 'up', 'connecting']);
    });

    it('should wait for the close of a client too that nobody wanted any more', async () => {
      const place = made({
        open: () => after(100, 0).then(newClient),
        close: (client) => {
          log.push(`close ${client.id}`);
          return after(100, 0).then(() => log.push(`closed ${client.id}`));
        },
      });
      watch(place).unsubscribe();
      await clock.tickAsync(150);

      const subscription = watch(place);
      await clock.tickAsync(1_000);

      expect(log).to.deep.equal([
        'connecting',
        'open 1',
        'close 1',
        'connecting',
        'closed 1',
        'open 2',
        'up',
      ]);
      subscription.unsubscribe();
    });

    it('should wait no longer than timeout.connect for a close that is never done', async () => {
      const lost$ = new Subject<unknown>();
      const place = made({ lost: () => lost$, close: () => new Promise<void>(() => undefined) });
      const subscription = NEVER.pipe(
        loadBalance([place], { timeout: { connect: 1_000 }, reconnectDelay: 100 }),
      ).subscribe();

      lost$.next('reset');
      // The backoff, the bound, and one more backoff.
      await clock.tickAsync(100 + 1_000 + 99);
      expect(log).to.deep.equal(['open 1']);
      await clock.tickAsync(1);

      expect(log).to.deep.equal(['open 1', 'open 2']);
      subscription.unsubscribe();
    });
  });

  describe('sending', () => {
    it('should give the open client, the event and the context', () => {
      const given: unknown[] = [];
      const place = made({
        send: (...args) => {
          given.push(...args);
          return of('r');
        },
      });
      const subscription = watch(place);

      void place.send('a', context);

      expect(given).to.deep.equal([{ id: 1 }, 'a', context]);
      expect(given[2]).to.equal(context);
      subscription.unsubscribe();
    });

    it('should fail by the name of the connection while it is not open', () => {
      const place = made();
      expect(() => place.send('a', context)).to.throw(Error, 'connection "place" is not open');
      watch(place).unsubscribe();

      expect(() => place.send('a', context)).to.throw(Error, 'connection "place" is not open');
    });

    it('should fail while it is opening', () => {
      const place = made({ open: () => new Promise<Client>(() => undefined) });
      const subscription = watch(place);

      expect(() => place.send('a', context)).to.throw(Error, 'connection "place" is not open');
      subscription.unsubscribe();
    });

    it('should take a client that is undefined for a client', () => {
      const place = connection({
        name: 'bare',
        open: () => undefined,
        send: (_client, event: string) => of(event),
      });
      const outcomes: unknown[] = [];

      of('a')
        .pipe(loadBalance([place]))
        .subscribe((outcome) => outcomes.push(isDelivered(outcome) && outcome.value));

      expect(outcomes).to.deep.equal(['a']);
    });

    it('should send batches', async () => {
      const sent: unknown[] = [];
      const place = connection({
        name: 'bulk',
        open: newClient,
        batch: {
          size: 2,
          linger: 10,
          send: (client, events: readonly string[], { attempt }) => {
            sent.push([client.id, events, attempt]);
            return EMPTY;
          },
        },
      });

      await lastValueFrom(of('a', 'b', 'c').pipe(loadBalance([place])), { defaultValue: undefined });

      expect(place).to.not.have.property('send');
      expect(place.batch).to.include({ size: 2, linger: 10 });
      expect(sent).to.deep.equal([
        [1, ['a', 'b'], 1],
        [1, ['c'], 1],
      ]);
    });

    it('should fail a batch too while it is not open', () => {
      const place = connection({
        name: 'bulk',
        open: newClient,
        batch: { size: 2, send: () => EMPTY },
      });

      expect(() => place.batch.send(['a'] as never, context)).to.throw(
        Error,
        'connection "bulk" is not open',
      );
    });

    it('should hand on its name, window and classify, and have none that were not given', () => {
      const classify = (): 'temporary' => 'temporary';

      expect(made({ window: 4, classify })).to.include({ name: 'place', window: 4, classify });
      expect(made()).to.have.all.keys('name', 'state$', 'send');
    });
  });

  describe('a second subscription', () => {
    it('should fail by the name of the connection, and leave the first one alone', () => {
      const place = made();
      const subscription = watch(place);

      watch(place);

      expect(log).to.deep.equal([
        'connecting',
        'open 1',
        'up',
        'failed: Error: connection "place" serves one subscription at a time: ' +
          'give loadBalance a function that makes its connections',
      ]);
      expect(place.send('a', context)).to.be.instanceOf(Observable);
      subscription.unsubscribe();
    });

    it('should end the second balancer, and not be tried again', () => {
      const place = made();
      const first = NEVER.pipe(loadBalance([place])).subscribe();

      NEVER.pipe(loadBalance([place])).subscribe({
        error: (error: unknown) => log.push(String(error)),
      });

      expect(log).to.deep.equal([
        'open 1',
        'Error: connection "place" serves one subscription at a time: ' +
          'give loadBalance a function that makes its connections',
      ]);
      first.unsubscribe();
      expect(clock.countTimers()).to.equal(0);
    });

    it('should serve after the first has ended', () => {
      const place = made();
      watch(place).unsubscribe();

      watch(place).unsubscribe();

      expect(log).to.deep.equal([
        'connecting',
        'open 1',
        'up',
        'close 1',
        'connecting',
        'open 2',
        'up',
        'close 2',
      ]);
    });

    it('should serve after the first has failed to open', () => {
      let tries = 0;
      const place = made({ open: () => (++tries === 1 ? thrown(new Error('refused')) : newClient()) });
      watch(place);

      watch(place).unsubscribe();

      expect(log).to.deep.equal([
        'connecting',
        'failed: Error: refused',
        'connecting',
        'open 1',
        'up',
        'close 1',
      ]);
    });
  });

  it('should stay open through a temporary failure', () => {
    const answers: ObservableInput<string>[] = [throwError(() => new TemporaryError()), of('r')];
    const place = made({ send: () => answers.shift() ?? EMPTY });
    const outcomes: Outcome<string, string>[] = [];

    of('a')
      .pipe(loadBalance([place], { reconnectDelay: 100 }))
      .subscribe((outcome) => outcomes.push(outcome));
    clock.tick(100);

    expect(outcomes.map(({ status, attempts }) => [status, attempts])).to.deep.equal([['delivered', 2]]);
    expect(log).to.deep.equal(['open 1', 'close 1']);
  });

  describe('a bad config', () => {
    const good = { name: 'x', open: () => 0, send: () => EMPTY };
    const bulk = { name: 'x', open: () => 0, batch: { size: 1, send: () => EMPTY } };
    const longest = 2 ** 31 - 1;
    const cases: readonly [config: unknown, type: typeof TypeError | typeof RangeError, message: string][] = [
      [{ ...good, name: undefined }, TypeError, '`config.name` to be a string, got `undefined` (undefined)'],
      [{ ...good, name: 7 }, TypeError, '`config.name` to be a string, got `7` (number)'],
      [
        { ...good, open: undefined },
        TypeError,
        '`config.open` to be a function, got `undefined` (undefined)',
      ],
      [{ ...good, open: 'x' }, TypeError, '`config.open` to be a function, got `"x"` (string)'],
      [{ ...good, lost: NEVER }, TypeError, '`config.lost` to be a function, got `[object Object]` (object)'],
      [{ ...good, close: null }, TypeError, '`config.close` to be a function, got `null` (null)'],
      [{ ...good, classify: 'x' }, TypeError, '`config.classify` to be a function, got `"x"` (string)'],
      [
        { ...good, window: -1 },
        RangeError,
        '`config.window` to be a non-negative integer or Infinity, got `-1` (number)',
      ],
      [
        { ...good, window: '1' },
        TypeError,
        '`config.window` to be a non-negative integer or Infinity, got `"1"` (string)',
      ],
      [
        { ...good, send: undefined },
        TypeError,
        '`config.send` to be a function, got `undefined` (undefined)',
      ],
      [{ ...good, send: 7 }, TypeError, '`config.send` to be a function, got `7` (number)'],
      [
        { ...bulk, batch: { ...bulk.batch, size: 0 } },
        RangeError,
        '`config.batch.size` to be a positive integer or Infinity, got `0` (number)',
      ],
      [
        { ...bulk, batch: { ...bulk.batch, linger: 2 ** 31 } },
        RangeError,
        `\`config.batch.linger\` to be milliseconds from 0 to ${longest}, got \`2147483648\` (number)`,
      ],
      [
        { ...bulk, batch: { ...bulk.batch, send: undefined } },
        TypeError,
        '`config.batch.send` to be a function, got `undefined` (undefined)',
      ],
      [{ ...bulk, batch: null }, TypeError, '`config.batch` to be an object, got `null` (null)'],
      [
        { ...bulk, send: good.send },
        TypeError,
        '`config.send` to be absent beside `batch`, got `function send` (function)',
      ],
    ];

    for (const [config, type, message] of cases) {
      it(`should be refused when it is made: ${message}`, () => {
        expect(() => connection(config as Config))
          .to.throw(type)
          .with.property('message', `connection: expected ${message}`);
      });
    }

    it('should be refused when it is no object', () => {
      for (const config of [undefined, null, 7]) {
        expect(() => connection(config as unknown as Config)).to.throw(
          TypeError,
          /^connection: expected `config` to be an object, got /,
        );
      }
    });

    it('should not be one without what may be absent', () => {
      expect(() => connection({ ...good, lost: undefined, close: undefined } as never)).to.not.throw();
      expect(() => connection({ ...good, batch: undefined } as never)).to.not.throw();
    });
  });
});
