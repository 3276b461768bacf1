/** Which types the faces around the operator have, and the parts beside it: no type argument is needed for any. */
import { expectTypeOf } from 'expect-type';
import {
  filter,
  from,
  map,
  NEVER,
  of,
  retry,
  type Observable,
  type OperatorFunction,
  type RetryConfig,
} from 'rxjs';
import {
  connection,
  deadLetter,
  eachOutcomeFrom,
  exponentialBackoff,
  isDelivered,
  isDropped,
  loadBalance,
  loadBalanceFrom,
  LoadBalancer,
  toConnections,
  type BalancerActivity,
  type BatchConnection,
  type CancelSignal,
  type Connection,
  type ConnectionInput,
  type Dropped,
  type ItemResult,
  type LoadBalanceOptions,
  type Outcome,
  type SendContext,
  type SendFunction,
} from '../../src/index.js';
import * as operators from '../../operators/index.js';
import { fakeConnection, type FakeLog } from '../../src/testing/index.js';

interface Line {
  readonly text: string;
}
interface LongLine extends Line {
  readonly length: number;
}

const longLines: LongLine[] = [];
const lines: Line[] = [];
const single: Connection<string, number> = { name: 'single', state$: NEVER, send: () => of(1) };
const batch: BatchConnection<string, Date> = {
  name: 'batch',
  state$: NEVER,
  batch: { size: 2, send: () => of([]) },
};
const forLines: Connection<Line, boolean> = { name: 'lines', state$: NEVER, send: () => of(true) };
const forLongLines: Connection<LongLine, boolean> = { name: 'long', state$: NEVER, send: () => of(true) };
const mixed$ = from(['a', 1]);

// eslint-disable-next-line @typescript-eslint/require-await -- only its type matters
async function* asyncStrings(): AsyncGenerator<string> {
  yield 'a';
}

describe('the types of loadBalanceFrom', () => {
  it('take T from an array', () => {
    expectTypeOf(loadBalanceFrom(['a'], [single])).toEqualTypeOf<Observable<Outcome<string, number>>>();
  });

  it('take T from an async iterable', () => {
    const outcomes$ = loadBalanceFrom(asyncStrings(), [
      (event) => {
        expectTypeOf(event).toEqualTypeOf<string>();
        return of(event.length);
      },
      batch,
    ]);
    expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | Date | undefined>>>();
  });

  it('do not widen T', () => {
    const outcomes$ = loadBalanceFrom(longLines, [forLines], { guaranteed: ({ text }: Line) => text === '' });
    expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<LongLine, boolean>>>();
  });

  it('refuse a connection for a narrower type', () => {
    // @ts-expect-error -- a Line is not a LongLine
    void loadBalanceFrom(lines, [forLongLines]);
  });

  it('give the guaranteed predicate T', () => {
    void loadBalanceFrom(['a'], [single], {
      guaranteed: (event) => {
        expectTypeOf(event).toEqualTypeOf<string>();
        return true;
      },
    });
  });

  it('take the function form, the stream form and the empty list', () => {
    type Outcomes = Observable<Outcome<string, number>>;
    expectTypeOf(loadBalanceFrom(['a'], () => [single])).toEqualTypeOf<Outcomes>();
    expectTypeOf(loadBalanceFrom(['a'], of([single]))).toEqualTypeOf<Outcomes>();
    expectTypeOf(loadBalanceFrom(['a'], [])).toEqualTypeOf<Observable<Outcome<string, never>>>();
  });

  it('know no queue', () => {
    const refused = (): unknown =>
      // @ts-expect-error -- nothing queues where events are asked for
      loadBalanceFrom(['a'], [single], { queue: { capacity: 1 } });
    expectTypeOf(refused).toBeFunction();
  });
});

describe('the types of eachOutcomeFrom', () => {
  it('take T from the source and R from the connections', () => {
    const outcomes = eachOutcomeFrom(asyncStrings(), [single, batch, (event) => of(event)]);
    type Expected = AsyncGenerator<Outcome<string, string | number | Date | undefined>, void>;
    expectTypeOf(outcomes).toEqualTypeOf<Expected>();
  });

  it('give an inline lambda and the guaranteed predicate T', () => {
    eachOutcomeFrom(
      new Set([1]),
      [
        (event) => {
          expectTypeOf(event).toEqualTypeOf<number>();
          return of(event);
        },
      ],
      {
        highWaterMark: 1,
        guaranteed: (event) => {
          expectTypeOf(event).toEqualTypeOf<number>();
          return true;
        },
      },
    );
  });

  it('do not widen T, and refuse a connection for a narrower type', () => {
    type Expected = AsyncGenerator<Outcome<LongLine, boolean>, void>;
    expectTypeOf(eachOutcomeFrom(longLines, [forLines])).toEqualTypeOf<Expected>();
    // @ts-expect-error -- a Line is not a LongLine
    eachOutcomeFrom(lines, [forLongLines]);
  });

  it('give the loop variable its type', () => {
    const loop = async (): Promise<void> => {
      for await (const outcome of eachOutcomeFrom(['a'], [single])) {
        expectTypeOf(outcome).toEqualTypeOf<Outcome<string, number>>();
      }
    };
    expectTypeOf(loop).returns.resolves.toBeVoid();
  });

  it('accept an AbortSignal', () => {
    const { signal } = new AbortController();
    expectTypeOf(eachOutcomeFrom(['a'], [single], { signal })).toHaveProperty('next');
  });
});

describe('the types of LoadBalancer', () => {
  it('take T and R from the connections, heterogeneous ones too', () => {
    const make = () => new LoadBalancer([single, batch, (event: string | number) => of(event === 1)]);
    expectTypeOf(make).returns.toEqualTypeOf<LoadBalancer<string, number | boolean | Date | undefined>>();
  });

  it('take for T what all connections take', () => {
    const publish = (event: LongLine) => new LoadBalancer([forLines, forLongLines]).publish(event);
    expectTypeOf(publish).returns.resolves.toHaveProperty('event').toExtend<LongLine>();
    const publishLess = (event: Line): unknown =>
      // @ts-expect-error -- one of the two takes a LongLine only
      new LoadBalancer([forLines, forLongLines]).publish(event);
    expectTypeOf(publishLess).toBeFunction();
  });

  it('take for T what all functions take', () => {
    const make = () =>
      new LoadBalancer([(event: string) => of(event), (event: string | number) => of(event)]);
    expectTypeOf(make).returns.toEqualTypeOf<LoadBalancer<string, string | number>>();
  });

  it('take the empty list: any event may be published, none is delivered', () => {
    const publish = () => new LoadBalancer([]).publish('a');
    expectTypeOf(publish)
      .returns.resolves.extract<{ status: 'delivered' }>()
      .toHaveProperty('value')
      .toBeNever();
  });

  it('take the empty list where the type is said elsewhere', () => {
    const make = (): LoadBalancer<string, number> => new LoadBalancer([]);
    expectTypeOf(make).returns.toEqualTypeOf<LoadBalancer<string, number>>();
  });

  it('refuse an event of another type', () => {
    const publish = (balancer: LoadBalancer<string, number>): unknown =>
      // @ts-expect-error -- a number is not a string
      balancer.publish(1);
    expectTypeOf(publish).toBeFunction();
  });

  it('go through a generic function; a result of a batch may be without a value', () => {
    const make = <T, R>(connections: readonly ConnectionInput<T, R>[]): LoadBalancer<T, R | undefined> =>
      new LoadBalancer(connections);
    expectTypeOf(make<string, number>).returns.toEqualTypeOf<LoadBalancer<string, number | undefined>>();
  });

  it('can be disposed of', () => {
    expectTypeOf<LoadBalancer<string, number>[typeof Symbol.asyncDispose]>().toEqualTypeOf<
      () => Promise<void>
    >();
  });
});

describe('the types of deadLetter', () => {
  it('leave the delivered values in a pipe, and give the sink what was dropped', () => {
    const values$ = of('a').pipe(
      loadBalance([single]),
      deadLetter((dropped) => {
        expectTypeOf(dropped).toEqualTypeOf<Dropped<string>>();
      }),
    );
    expectTypeOf(values$).toEqualTypeOf<Observable<number>>();
  });

  it('take an observer', () => {
    const values$ = of('a').pipe(
      loadBalance([(event) => of(event.length)]),
      deadLetter({
        next: (dropped) => {
          expectTypeOf(dropped).toEqualTypeOf<Dropped<string>>();
        },
      }),
    );
    expectTypeOf(values$).toEqualTypeOf<Observable<number>>();
  });

  it('take a sink for a wider type, which does not widen anything', () => {
    const sink = ({ event }: Dropped<string | number>): string | number => event;
    expectTypeOf(of('a').pipe(loadBalance([single]), deadLetter(sink))).toEqualTypeOf<Observable<number>>();
  });

  it('refuse a sink for a narrower type', () => {
    const sink = ({ event }: Dropped<string>): string => event;
    const outcomes$ = mixed$.pipe(loadBalance([(event) => of(event)]));
    // @ts-expect-error -- a number is not a string
    void outcomes$.pipe(deadLetter(sink));
  });
});

describe('the types of toConnections', () => {
  it('give the lists of what was made', () => {
    const connections$ = of(['a', 'b']).pipe(
      toConnections((host) => {
        expectTypeOf(host).toEqualTypeOf<string>();
        return (event: number) => of(`${event} to ${host}`);
      }),
    );
    expectTypeOf(connections$).toExtend<Observable<readonly SendFunction<number, string>[]>>();
    const outcomes$ = of(1).pipe(loadBalance(connections$));
    expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<number, string>>>();
  });

  it('give the key function a host', () => {
    const connections$ = of([{ address: 'a' }]).pipe(
      toConnections(
        ({ address }) =>
          connection({ name: address, open: () => address, send: (_, event: string) => of(event) }),
        (host) => {
          expectTypeOf(host).toEqualTypeOf<{ address: string }>();
          return host.address;
        },
      ),
    );
    expectTypeOf(connections$).toEqualTypeOf<Observable<readonly Connection<string, string>[]>>();
  });

  it('keep apart connections of different kinds', () => {
    const connections$ = of(['a', 'b']).pipe(toConnections((host) => (host === 'a' ? single : batch)));
    const outcomes$ = of('x').pipe(loadBalance(connections$));
    expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | Date | undefined>>>();
  });

  it('take part in a LoadBalancer', () => {
    const make = () => new LoadBalancer(of(['a']).pipe(toConnections(() => single)));
    expectTypeOf(make).returns.toEqualTypeOf<LoadBalancer<string, number>>();
  });
});

describe('the types of connection', () => {
  class Socket {
    readonly port = 0;
    write(text: string): number {
      return this.port + text.length;
    }
  }

  it('take the client from what open gives', () => {
    const made = connection({
      name: 'socket',
      open: () => new Socket(),
      lost: (client) => {
        expectTypeOf(client).toEqualTypeOf<Socket>();
        return NEVER;
      },
      close: (client) => {
        expectTypeOf(client).toEqualTypeOf<Socket>();
      },
      send: (client, event: string, context) => {
        expectTypeOf(client).toEqualTypeOf<Socket>();
        expectTypeOf(context).toEqualTypeOf<SendContext>();
        return of(client.write(event));
      },
    });
    expectTypeOf(made).toEqualTypeOf<Connection<string, number>>();
  });

  it('take the client from what the promise of open gives', () => {
    const made = connection({
      name: 'socket',
      open: async (signal) => {
        expectTypeOf(signal).toEqualTypeOf<CancelSignal>();
        await Promise.resolve();
        return new Socket();
      },
      send: (client, event: string) => {
        expectTypeOf(client).toEqualTypeOf<Socket>();
        return Promise.resolve(event);
      },
    });
    expectTypeOf(made).toEqualTypeOf<Connection<string, string>>();
  });

  it('do the same for batches', () => {
    const made = connection({
      name: 'socket',
      open: () => new Socket(),
      close: (client) => {
        expectTypeOf(client).toEqualTypeOf<Socket>();
      },
      batch: {
        size: 10,
        send: (client, events: readonly string[]) => {
          expectTypeOf(client).toEqualTypeOf<Socket>();
          const results: ItemResult<number>[] = [];
          return of(results.slice(events.length));
        },
      },
    });
    expectTypeOf(made).toEqualTypeOf<BatchConnection<string, number>>();
  });

  it('need nothing but a name, open and send in a list', () => {
    const outcomes$ = of('a').pipe(
      loadBalance([
        connection({
          name: 'a',
          open: () => new Socket(),
          send: (client, event: string) => of(client.write(event)),
        }),
        connection({
          name: 'b',
          open: () => 1,
          send: (client, event: string) => of(client === event.length),
        }),
      ]),
    );
    expectTypeOf(outcomes$).toEqualTypeOf<Observable<Outcome<string, number | boolean>>>();
  });
});

describe('the types of fakeConnection', () => {
  it('make a Connection with strings for values', () => {
    const make = () => fakeConnection('u', '-(r|)');
    expectTypeOf(make).returns.toExtend<Connection<string, string>>();
    expectTypeOf(make).returns.toExtend<FakeLog<unknown>>();
  });

  it('fit a source without a type argument', () => {
    const balance = () => of('a').pipe(loadBalance([fakeConnection('u', '-(r|)')]));
    expectTypeOf(balance).returns.toEqualTypeOf<Observable<Outcome<string, string>>>();
  });

  it('take the type of the values', () => {
    const make = () => fakeConnection('u', '-(r|)', { values: { r: 1 } });
    expectTypeOf(make).returns.toExtend<Connection<string, number>>();
  });

  it('take the types of a function', () => {
    const make = () => fakeConnection('u', (event: string, { attempt }) => of(event.length + attempt));
    expectTypeOf(make).returns.toEqualTypeOf<Connection<string, number> & FakeLog<string>>();
  });

  it('make a BatchConnection with a batch', () => {
    const make = () =>
      fakeConnection('u', (events: readonly string[]) => of(events.map((_, index) => delivered(index))), {
        batch: { size: 2 },
      });
    expectTypeOf(make).returns.toEqualTypeOf<BatchConnection<string, number> & FakeLog<readonly string[]>>();
  });

  const delivered = (index: number): ItemResult<number> => ({ index, status: 'delivered', value: index });
});

describe('the types of the rest', () => {
  it('let exponentialBackoff be a delay of retry and a reconnectDelay', () => {
    expectTypeOf(exponentialBackoff()).toExtend<NonNullable<RetryConfig['delay']>>();
    expectTypeOf(retry<string>({ delay: exponentialBackoff() })).toExtend<OperatorFunction<string, string>>();
    expectTypeOf<LoadBalanceOptions<string>['reconnectDelay']>().toEqualTypeOf<RetryConfig['delay']>();
  });

  it('let both guards stand in a filter of any outcome', () => {
    const outcomes$ = mixed$.pipe(loadBalance([(event) => of(event)]));
    expectTypeOf(
      outcomes$.pipe(
        filter(isDelivered),
        map(({ value }) => value),
      ),
    ).toEqualTypeOf<Observable<string | number>>();
    expectTypeOf(
      outcomes$.pipe(
        filter(isDropped),
        map(({ event }) => event),
      ),
    ).toEqualTypeOf<Observable<string | number>>();
  });

  it('let an AbortSignal be closeOn', () => {
    const { signal } = new AbortController();
    expectTypeOf(signal).toExtend<NonNullable<LoadBalanceOptions<string>['closeOn']>>();
    expectTypeOf<SendContext['signal']>().toEqualTypeOf<AbortSignal>();
  });

  it('tell the activities of the monitor apart by their type', () => {
    const names = (activity: BalancerActivity): string => {
      switch (activity.type) {
        case 'state':
          expectTypeOf(activity.state).toEqualTypeOf<'connecting' | 'up' | 'down' | 'backoff' | 'removed'>();
          return activity.connection;
        case 'attempt':
          expectTypeOf(activity.events).toEqualTypeOf<number>();
          return activity.connection;
        case 'answer':
          expectTypeOf(activity.elapsed).toEqualTypeOf<number>();
          return activity.connection;
        case 'outcome':
          expectTypeOf(activity.outcome).toEqualTypeOf<Outcome<unknown>>();
          return activity.outcome.status;
        case 'queue':
          expectTypeOf(activity.waiting).toEqualTypeOf<number>();
          return '';
      }
    };
    expectTypeOf(names).returns.toBeString();
  });

  it('are those of the same operators in ./operators', () => {
    expectTypeOf(operators.loadBalance).toEqualTypeOf<typeof loadBalance>();
    expectTypeOf(operators.deadLetter).toEqualTypeOf<typeof deadLetter>();
    expectTypeOf(operators.toConnections).toEqualTypeOf<typeof toConnections>();
  });
});
