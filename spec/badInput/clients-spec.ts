/** Clients that answer with anything: the connection has failed or works, is closed as often as it was opened, and no event is lost (R10, R17, R23). */
import { expect } from 'chai';
import { NEVER, of, type Observable } from 'rxjs';
import { connection, type Connection, type SingleClientConfig } from '../../src/index.js';
import { asyncConnection, syncConnection } from '../../src/libbeat/index.js';
import { anObservableInput } from './kinds.js';
import { inShort, outcomesOf } from './outcomes.js';
import { expectNothingUnhandled } from './unhandled.js';
import { closedObjects, functions, oddValues } from './values.js';

type Config = SingleClientConfig<string, string, unknown>;

const values = [...oddValues, ...functions];

/** Ships two events to a connection made of this, and counts how often it was opened and closed. */
async function shippedTo(
  config: Partial<Config>,
): Promise<{ shipped: string[]; opened: number; closed: number }> {
  let opened = 0;
  let closed = 0;
  const place: Connection<string, string> = connection({
    name: 'place',
    send: () => of('r'),
    ...config,
    open: (signal) => {
      opened++;
      return config.open === undefined ? 'client' : config.open(signal);
    },
    close: (client: unknown) => {
      closed++;
      return config.close?.(client);
    },
  });
  const outcomes = await outcomesOf(['a', 'b'], [place]);
  return { shipped: outcomes.map(inShort), opened, closed };
}

const delivered = ['a@place 1', 'b@place 1'];

describe('a client that is', () => {
  expectNothingUnhandled();

  for (const { what, make } of values) {
    it(`${what} should be one like any other`, async () => {
      const got: unknown[] = [];
      const client = make();
      const send = (given: unknown): Observable<string> => {
        got.push(given);
        return of('r');
      };

      const { shipped, opened, closed } = await shippedTo({ open: () => client, send });

      expect([shipped, opened, closed]).to.deep.equal([delivered, 1, 1]);
      if (!(client instanceof Promise)) {
        expect(got.every((given) => Object.is(given, client))).to.equal(true);
      }
    });
  }

  it('an object whose getters throw should be closed if it was opened, and lose nothing', async () => {
    for (const { make } of closedObjects) {
      let tries = 0;
      const { shipped, opened } = await shippedTo({ open: () => (++tries === 1 ? make() : 'client') });
      // Whether it is a promise cannot be asked of it, so it could not be opened.
      expect([shipped, opened]).to.deep.equal([delivered, 2]);
    }
  });
});

describe('a lost that gives', () => {
  expectNothingUnhandled();

  for (const { what, make } of values.filter((odd) => !anObservableInput(odd.make()))) {
    it(`${what} should have failed the connection, which is opened again`, async () => {
      let asked = 0;
      const lost = (): Observable<never> => (++asked < 3 ? (make() as Observable<never>) : NEVER);

      expect(await shippedTo({ lost })).to.deep.equal({ shipped: delivered, opened: 3, closed: 3 });
    });
  }
});

describe('a close that gives', () => {
  expectNothingUnhandled();

  for (const { what, make } of [...values, ...closedObjects]) {
    it(`${what} should be over all the same, and the connection be opened again`, async () => {
      let sends = 0;
      const send = (): Observable<string> => {
        if (sends++ === 0) {
          throw new Error('no');
        }
        return of('r');
      };

      const { shipped, opened, closed } = await shippedTo({ send, close: make });

      expect(shipped).to.have.members(['a@place 2', 'b@place 1']);
      expect([opened, closed]).to.deep.equal([2, 2]);
    });
  }
});

describe("libbeat's clients", () => {
  expectNothingUnhandled();

  const nothing = (): undefined => undefined;

  it('should take anything that publish gives, which is no promise, for done', async () => {
    for (const { make } of values) {
      const client = { connect: nothing, close: nothing, publish: make as () => undefined };
      const outcomes = await outcomesOf(['a'], [syncConnection(client, { name: 'place' })]);
      expect(outcomes.map(inShort)).to.deep.equal(['a@place 1']);
    }
  });

  it('should take anything that connect gives for a connection', async () => {
    for (const { make } of values) {
      const client = { connect: make as () => undefined, close: make as () => undefined, publish: nothing };
      const outcomes = await outcomesOf(['a'], [syncConnection(client, { name: 'place' })]);
      expect(outcomes.map(inShort)).to.deep.equal(['a@place 1']);
    }
  });

  it('should take anything but undefined and null for an error, when it is called back with it', async () => {
    for (const { what, make } of values) {
      let calls = 0;
      const client = {
        connect: nothing,
        close: nothing,
        publish: (_event: string, done: (error?: unknown) => void) => {
          done(calls++ === 0 ? make() : undefined);
        },
      };
      const outcomes = await outcomesOf(['a'], [asyncConnection(client, { name: 'place' })]);
      const attempts = (make() ?? undefined) === undefined ? 1 : 2;
      expect(outcomes.map(inShort), what).to.deep.equal([`a@place ${attempts}`]);
    }
  });

  it('should refuse as an answer of publishAll what is no list of its events, and send again', async () => {
    const isAll = (value: unknown): boolean =>
      value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    for (const { what, make } of [...values.filter((odd) => !isAll(odd.make())), ...closedObjects]) {
      let calls = 0;
      const publishAll = (): readonly string[] => (calls++ === 0 ? (make() as readonly string[]) : []);
      const client = { connect: nothing, close: nothing, publish: nothing, publishAll };
      const place = syncConnection(client, { name: 'place', batch: { size: 2, linger: 1_000 } });

      const outcomes = await outcomesOf(['a', 'b'], [place]);

      // A promise of nothing is an answer.
      const attempts = what === 'a promise' ? 1 : 2;
      expect(outcomes.map(inShort), what).to.deep.equal([`a@place ${attempts}`, `b@place ${attempts}`]);
    }
  });
});
