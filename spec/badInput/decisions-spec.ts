/** Functions and streams of the options that answer with anything: they decide, or they close the balancer by a clear error (R19, R23). */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { concat, defer, NEVER, of, throwError, type Observable } from 'rxjs';
import {
  loadBalance,
  type BalancerActivity,
  type Connection,
  type FailureKind,
  type LoadBalanceOptions,
  type Outcome,
} from '../../src/index.js';
import { until } from '../until.js';
import { anObservableInput } from './kinds.js';
import { inShort } from './outcomes.js';
import { expectNothingUnhandled, unhandledErrors } from './unhandled.js';
import { functions, oddValues, OwnError } from './values.js';

const up$ = concat(of('up' as const), NEVER);

/** Fails when the source has emitted all that it has. */
const fail = async (): Promise<never> => {
  await Promise.resolve();
  throw new Error('no');
};

/** Rejects with anything. */
const rejection = async (error: unknown): Promise<never> => {
  await Promise.resolve();
  throw error;
};

/** What came out of a balancer with one connection that always fails, and the error of the output. */
interface Story {
  readonly outcomes: Outcome<string>[];
  failure: { readonly error: unknown } | undefined;
  ended: boolean;
}

async function storyOf(
  options: LoadBalanceOptions<string>,
  part: Partial<Connection<string, string>> = {},
): Promise<Story> {
  const story: Story = { outcomes: [], failure: undefined, ended: false };
  const place: Connection<string, string> = { name: 'place', state$: up$, send: fail, ...part };
  of('a', 'b')
    .pipe(loadBalance([place], { reconnectDelay: 0, maxAttempts: 2, ...options }))
    .subscribe({
      next: (outcome) => story.outcomes.push(outcome),
      error: (error: unknown) => {
        story.failure = { error };
        story.ended = true;
      },
      complete: () => {
        story.ended = true;
      },
    });
  await until('the end', () => story.ended);
  return story;
}

const values = [...oddValues, ...functions];
const closed = ['a closed 1', 'b closed 0'];

describe('a reconnectDelay that', () => {
  expectNothingUnhandled();

  for (const { what, make } of values.filter((odd) => !anObservableInput(odd.make()))) {
    it(`gives ${what}, for which nobody can wait, should close the balancer`, async () => {
      const { outcomes, failure } = await storyOf({ reconnectDelay: () => make() as Promise<void> });

      expect(outcomes.map(inShort)).to.deep.equal(closed);
      expect(failure?.error).to.be.instanceOf(TypeError);
    });
  }

  // What emits ends the wait, what is empty retires the connection.
  const isEmpty = (value: unknown): boolean => Array.from(value as ArrayLike<unknown>).length === 0;

  for (const { what, make } of values.filter((odd) => anObservableInput(odd.make()))) {
    const isRetirement = !(make() instanceof Promise) && isEmpty(make());
    it(`gives ${what} should have its connection ${isRetirement ? 'retire' : 'opened again'}`, async () => {
      const { outcomes, failure } = await storyOf({ reconnectDelay: () => make() as Promise<void> });

      const expected = isRetirement
        ? ['a no-connection 1', 'b no-connection 0']
        : ['a attempts 2', 'b attempts 2'];
      expect(outcomes.map(inShort)).to.have.members(expected);
      expect(failure).to.equal(undefined);
    });
  }

  const failures: readonly ((error: unknown) => Observable<unknown> | Promise<unknown>)[] = [
    (error) => throwError(() => error),
    rejection,
  ];

  for (const { what, make } of oddValues) {
    it(`fails with ${what} should have its connection retire`, async () => {
      for (const failure of failures) {
        const story = await storyOf({ reconnectDelay: () => failure(make()) });

        expect(story.outcomes.map(inShort)).to.deep.equal(['a no-connection 1', 'b no-connection 0']);
        expect(story.failure).to.equal(undefined);
      }
    });
  }
});

describe('a classify that', () => {
  expectNothingUnhandled();

  // As many forget, an async function gives a promise.
  const promise = { what: 'a promise of a kind', make: () => Promise.resolve('temporary') };
  // Without an answer, the class of the error says what it means.
  const answers = [...values, promise].filter(({ make }) => (make() ?? undefined) !== undefined);

  for (const { what, make } of answers) {
    it(`gives ${what} should close the balancer, and say so`, async () => {
      const { outcomes, failure } = await storyOf({}, { classify: () => make() as FailureKind });

      expect(outcomes.map(inShort)).to.deep.equal(closed);
      expect(failure?.error)
        .to.be.instanceOf(RangeError)
        .with.property('message')
        .that.matches(
          /^place: expected `kind of failure` to be 'connection', 'temporary' or 'rejected', got .+$/,
        );
    });
  }
});

describe('a guaranteed that', () => {
  expectNothingUnhandled();

  const reasonsOf = ({ outcomes }: Story): unknown[] =>
    outcomes.map((outcome) => outcome.status === 'dropped' && outcome.reason);

  it('gives what is no in a condition should limit the attempts', async () => {
    for (const { make } of values.filter((odd) => !odd.make())) {
      const story = await storyOf({ guaranteed: () => make() as boolean });
      expect(reasonsOf(story)).to.deep.equal(['attempts', 'attempts']);
    }
  });

  it('gives anything else should not', async () => {
    for (const { make } of values.filter((odd) => Boolean(odd.make()))) {
      const closeOn = defer(() => sleep(5));
      const story = await storyOf({ guaranteed: () => make() as boolean, closeOn });
      expect(reasonsOf(story)).to.deep.equal(['closed', 'closed']);
    }
  });
});

describe('a closeOn that', () => {
  expectNothingUnhandled();

  const ends: Readonly<Record<string, (error: unknown) => LoadBalanceOptions<string>['closeOn']>> = {
    'fails with': (error) => throwError(() => error),
    'rejects with': rejection,
    'is a thenable that throws': (error) => ({
      then: () => {
        throw error;
      },
    }),
  };

  for (const [how, closing] of Object.entries(ends)) {
    for (const { what, make } of oddValues) {
      it(`${how} ${what} should close, and then fail the output with that`, async () => {
        const error = make();
        const closeOn = closing(error);
        const story = await storyOf(closeOn === undefined ? {} : { closeOn }, { send: () => NEVER });

        expect(story.failure !== undefined && Object.is(story.failure.error, error)).to.equal(true);
        // One that fails at once leaves the source alone.
        expect(story.outcomes.map(inShort)).to.deep.equal(how === 'rejects with' ? closed : []);
      });
    }
  }

  it('is an AbortSignal should close whatever it was aborted with', async () => {
    for (const { make } of oddValues) {
      const aborter = new AbortController();
      setTimeout(() => {
        aborter.abort(make());
      });
      const { outcomes, failure } = await storyOf({ closeOn: aborter.signal }, { send: () => NEVER });

      expect(outcomes.map(inShort)).to.deep.equal(['a closed 1', 'b closed 0']);
      expect(failure).to.equal(undefined);
    }
  });
});

describe('a monitor that', () => {
  const unhandled = unhandledErrors();

  it('throws anything should be reported that, and nothing else change', async () => {
    for (const { make } of oddValues) {
      unhandled.length = 0;
      const error = make();
      const monitor = {
        next: ({ type }: BalancerActivity) => {
          if (type === 'outcome') {
            throw error;
          }
        },
      };
      const { outcomes, failure } = await storyOf({ monitor });
      await until('the report', () => unhandled.length === 2);

      expect(outcomes.map(inShort)).to.have.members(['a attempts 2', 'b attempts 2']);
      expect(failure).to.equal(undefined);
      expect(unhandled.every((reported) => Object.is(reported, error))).to.equal(true);
    }
  });

  it('throws when it is looked into, once it was checked, should be reported that, and nothing else change', async () => {
    let looks = 0;
    const monitor = Object.defineProperty({}, 'next', {
      get: () => {
        if (++looks > 1) {
          throw new OwnError();
        }
        return undefined;
      },
    });

    const { outcomes, failure } = await storyOf({ monitor });
    await until('the reports', () => unhandled.length > 0);

    expect(outcomes.map(inShort)).to.have.members(['a attempts 2', 'b attempts 2']);
    expect(failure).to.equal(undefined);
    for (const error of unhandled) {
      expect(error).to.be.instanceOf(OwnError);
    }
  });
});
