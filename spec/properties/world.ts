/** A world around a balancer, as plain data that prints as JSON: what a random run consists of. */
import fc from 'fast-check';

/** How long until something happens: in virtual milliseconds, or in the same breath. */
export type Delay = 'at once' | number;

/** What a send says at its end. */
export type Answer =
  'delivers' | 'breaks' | 'temporary' | 'retry at once' | 'retry later' | 'rejects' | 'throws' | 'silent';

/** What a batch says of one of its events. */
export type ItemAnswer = 'delivered' | 'failed' | 'rejected' | 'unnamed';

/** One send. */
export interface SendPlan {
  readonly after: Delay;
  readonly answer: Answer;
  /** How many values it emits before. */
  readonly values: number;
  /** As what it is returned; a deaf one cannot be cancelled, and answers twice. */
  readonly as: 'stream' | 'deaf stream' | 'promise';
  /** In a batch: the results before the answer, by position; `undefined` for none. */
  readonly results: readonly ItemAnswer[] | undefined;
}

/** A step of a connection's life. */
export interface StatePlan {
  readonly after: Delay;
  readonly state: 'connecting' | 'up' | 'down' | 'breaks' | 'completes';
}

/** One connection. */
export interface ConnectionPlan {
  /** The life after each opening; the last one again and again. */
  readonly openings: readonly (readonly StatePlan[])[];
  /** One send after the other, over and over again. */
  readonly sends: readonly SendPlan[];
  readonly window: number | readonly { readonly after: Delay; readonly size: number }[];
  readonly classify: 'connection' | 'temporary' | 'rejected' | 'throws' | undefined;
  readonly batch: { readonly size: number; readonly linger: number } | undefined;
}

/** The events. */
export interface SourcePlan {
  /** A hot source begins with the world, and may emit before anybody listens. */
  readonly hot: boolean;
  readonly bursts: readonly { readonly after: Delay; readonly events: number }[];
  readonly end: { readonly after: Delay; readonly by: 'completion' | 'error' } | undefined;
}

/** Who takes part, as indexes into the connections: all from the start, or lists in the course of time. */
export interface MembersPlan {
  readonly lists: readonly { readonly after: Delay; readonly members: readonly number[] }[];
  readonly end: { readonly after: Delay; readonly by: 'completion' | 'error' } | undefined;
}

/** Something that happens inside a callback. */
export interface Reaction {
  readonly inside: 'outcome' | 'send' | 'opening' | 'closing' | 'activity';
  /** The how many-th of those, from 1. */
  readonly nth: number;
  readonly does: 'close' | 'unsubscribe' | 'feed' | 'end' | 'down' | 'up' | 'breaks' | 'completes' | 'list';
  /** Which connection, or which list. */
  readonly which: number;
}

/** The options. */
export interface OptionsPlan {
  readonly maxAttempts: number;
  readonly guaranteed: boolean | 'every third' | 'throws';
  readonly timeout: { readonly connect: number; readonly send: number; readonly wait: number };
  readonly reconnect: {
    readonly delay: number;
    /** From this failure on it does not emit. */
    readonly lastly: { readonly from: number; readonly it: 'completes' | 'errors' | 'throws' } | undefined;
  };
  readonly queue: { readonly capacity: number; readonly overflow: 'drop-newest' | 'drop-oldest' };
  readonly drainTimeout: number;
  readonly monitored: boolean;
}

/** How it ends at the latest. */
export interface EndPlan {
  readonly after: Delay;
  readonly by: 'closing' | 'closing error' | 'abort' | 'unsubscription';
}

/** All of it. */
export interface World {
  readonly source: SourcePlan;
  readonly connections: readonly ConnectionPlan[];
  readonly members: MembersPlan | undefined;
  readonly options: OptionsPlan;
  readonly reactions: readonly Reaction[];
  readonly end: EndPlan;
}

/** No delay in a world is longer than this, apart from those that are infinite. */
export const longestDelay = 12;

/** Where runs end that would not end by themselves. */
export const horizon = 150;

function weighted<V>(...choices: readonly (readonly [number, V])[]): fc.Arbitrary<V> {
  return fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));
}

const delay = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Delay>('at once') },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 }) },
);

const limit = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Infinity) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: longestDelay }) },
  { weight: 1, arbitrary: fc.constant(0) },
);

const send: fc.Arbitrary<SendPlan> = fc.record({
  after: delay,
  answer: weighted<Answer>(
    [8, 'delivers'],
    [3, 'breaks'],
    [2, 'temporary'],
    [1, 'retry at once'],
    [1, 'retry later'],
    [1, 'rejects'],
    [1, 'throws'],
    [1, 'silent'],
  ),
  values: fc.integer({ min: 0, max: 2 }),
  as: weighted<SendPlan['as']>([5, 'stream'], [1, 'deaf stream'], [1, 'promise']),
  results: fc.option(
    fc.array(weighted<ItemAnswer>([3, 'delivered'], [2, 'unnamed'], [1, 'failed'], [1, 'rejected']), {
      minLength: 1,
      maxLength: 4,
    }),
    { nil: undefined },
  ),
});

const opening: fc.Arbitrary<readonly StatePlan[]> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<readonly StatePlan[]>([{ after: 'at once', state: 'up' }]) },
  { weight: 1, arbitrary: fc.constant<readonly StatePlan[]>([{ after: 2, state: 'up' }]) },
  {
    weight: 4,
    arbitrary: fc.array(
      fc.record({
        after: delay,
        state: weighted<StatePlan['state']>(
          [6, 'up'],
          [2, 'connecting'],
          [2, 'down'],
          [1, 'breaks'],
          [1, 'completes'],
        ),
      }),
      { maxLength: 6 },
    ),
  },
);

const windowPlan: fc.Arbitrary<ConnectionPlan['window']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 }) },
  {
    weight: 2,
    arbitrary: fc.array(fc.record({ after: delay, size: fc.integer({ min: 0, max: 4 }) }), { maxLength: 5 }),
  },
);

const connection: fc.Arbitrary<ConnectionPlan> = fc.record({
  openings: fc.array(opening, { minLength: 1, maxLength: 3 }),
  sends: fc.array(send, { minLength: 1, maxLength: 5 }),
  window: windowPlan,
  classify: weighted<ConnectionPlan['classify']>(
    [30, undefined],
    [2, 'connection'],
    [2, 'temporary'],
    [2, 'rejected'],
    [1, 'throws'],
  ),
  batch: fc.option(
    fc.record({ size: fc.integer({ min: 1, max: 4 }), linger: fc.constantFrom(0, 0, 1, 4, 9) }),
    { nil: undefined, freq: 3 },
  ),
});

const ending = fc.record({
  after: delay,
  by: weighted<'completion' | 'error'>([4, 'completion'], [1, 'error']),
});

const source: fc.Arbitrary<SourcePlan> = fc.record({
  hot: fc.boolean(),
  bursts: fc.array(fc.record({ after: delay, events: fc.integer({ min: 1, max: 5 }) }), { maxLength: 5 }),
  end: fc.option(ending, { nil: undefined, freq: 5 }),
});

const membersPlan: fc.Arbitrary<MembersPlan> = fc.record({
  lists: fc.array(
    fc.record({ after: delay, members: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 4 }) }),
    { maxLength: 6 },
  ),
  end: fc.option(ending, { nil: undefined, freq: 1 }),
});

const options: fc.Arbitrary<OptionsPlan> = fc.record({
  maxAttempts: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.constant(Infinity) },
  ),
  guaranteed: weighted<OptionsPlan['guaranteed']>([20, false], [4, true], [8, 'every third'], [1, 'throws']),
  timeout: fc.record({ connect: limit, send: limit, wait: limit }),
  reconnect: fc.record({
    delay: fc.integer({ min: 1, max: 6 }),
    lastly: fc.option(
      fc.record({
        from: fc.integer({ min: 1, max: 4 }),
        it: weighted<'completes' | 'errors' | 'throws'>([3, 'completes'], [1, 'errors'], [1, 'throws']),
      }),
      { nil: undefined, freq: 1 },
    ),
  }),
  queue: fc.record({
    capacity: fc.oneof(
      { weight: 3, arbitrary: fc.constant(Infinity) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 4 }) },
    ),
    overflow: fc.constantFrom('drop-newest', 'drop-oldest'),
  }),
  drainTimeout: limit,
  monitored: fc.boolean(),
});

const reaction: fc.Arbitrary<Reaction> = fc.record({
  inside: fc.constantFrom('outcome', 'outcome', 'send', 'opening', 'closing', 'activity'),
  nth: fc.integer({ min: 1, max: 6 }),
  does: weighted<Reaction['does']>(
    [1, 'close'],
    [1, 'unsubscribe'],
    [4, 'feed'],
    [2, 'end'],
    [2, 'down'],
    [2, 'up'],
    [2, 'breaks'],
    [1, 'completes'],
    [2, 'list'],
  ),
  which: fc.integer({ min: 0, max: 3 }),
});

const end: fc.Arbitrary<EndPlan> = fc.record({
  after: fc.oneof(
    { weight: 8, arbitrary: fc.constant<Delay>(horizon) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 40 }) },
    { weight: 1, arbitrary: fc.constant<Delay>('at once') },
  ),
  by: fc.constantFrom('closing', 'closing error', 'abort', 'unsubscription'),
});

/** Any world at all. */
export const worlds: fc.Arbitrary<World> = fc.record({
  source,
  connections: fc.array(connection, { maxLength: 4 }),
  members: fc.option(membersPlan, { nil: undefined, freq: 2 }),
  options,
  reactions: fc.array(reaction, { maxLength: 3 }),
  end,
});
