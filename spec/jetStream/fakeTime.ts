/** Time that passes when a test says so; it begins at 0. */
import { expect } from 'chai';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';

/** Not `setImmediate`: that takes no time, and a faked one takes a millisecond. */
const faked = ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] as const;

/** In so many turns of the event loop all has happened that happens at one moment. */
const turns = 8;

/** In so many turns of promises, those that are known go on. */
const promises = 20;

/** How often to look. */
const patience = 10_000;

async function allThatFollows(): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** A clock for each test. */
export interface FakeTime {
  /** Lets so many milliseconds pass, and all happen that follows from them. */
  pass(milliseconds: number): Promise<void>;
  /** Blocks the event loop for so many milliseconds: then come the timers, before anything else. */
  block(milliseconds: number): void;
  /** Lets promises go on, and nothing else. */
  turn(): Promise<void>;
  /** Resolves when the condition holds, without letting time pass: for what the platform does in its own time. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** How many timers are set. */
  readonly timers: number;
  /** Throws unless nothing is left that could happen. */
  expectNoTimers(): void;
}

/**
 * To be called within a `describe`.
 * @param atEnd What is done after each test, while its clock still goes.
 */
export function fakeTime(atEnd: () => void | Promise<void> = () => undefined): FakeTime {
  let clock: SinonFakeTimers;
  beforeEach(() => {
    clock = useFakeTimers({ toFake: [...faked], shouldClearNativeTimers: true });
  });
  afterEach(async () => {
    try {
      await atEnd();
    } finally {
      clock.restore();
    }
  });
  return {
    pass: async (milliseconds) => {
      const end = Date.now() + milliseconds;
      // So that it does not go on to a later one.
      setTimeout(() => undefined, milliseconds);
      await allThatFollows();
      while (Date.now() < end) {
        // Not the asynchronous ones, which look for the next timer before they wait for what may clear it.
        clock.next();
        await allThatFollows();
      }
      clock.tick(0);
      await allThatFollows();
    },
    block: (milliseconds) => {
      clock.tick(milliseconds);
    },
    turn: async () => {
      for (let turn = 0; turn < promises; turn++) {
        await Promise.resolve();
      }
    },
    until: async (what, holds) => {
      for (let turn = 0; !holds(); turn++) {
        if (turn > patience) {
          throw new Error(`waited in vain: ${what}`);
        }
        await allThatFollows();
      }
    },
    get timers() {
      return clock.countTimers();
    },
    expectNoTimers: () => {
      expect(clock.countTimers(), 'timers that are left').to.equal(0);
    },
  };
}
