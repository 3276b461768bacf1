/** The diagrams of README.md as tests: what they draw is played, and compared with what happens. */
import { runInThisContext } from 'node:vm';
import { expect } from 'chai';
import { map, takeUntil, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { loadBalance, RejectedError, TemporaryError, type Outcome } from '../../src/index.js';
import { fakeConnection } from '../../src/testing/index.js';
import type { Block } from './blocks.js';

/** A diagram, in its parts. */
interface Diagram {
  /** What is drawn by name: `source`, `one is`, `one sends`, `outcomes` … */
  readonly drawn: ReadonlyMap<string, string>;
  /** What is said behind the marbles. */
  readonly notes: ReadonlyMap<string, string>;
  /** The line of code. */
  readonly code: string;
}

const errors = { Error, RejectedError, TemporaryError };

function parse(block: Block): Diagram {
  const drawn = new Map<string, string>();
  const notes = new Map<string, string>();
  const code: string[] = [];
  for (const line of block.text.split('\n')) {
    const [, name, marbles, note = ''] = /^(\w+(?: \w+)?): +(\S+)(?: +(.*))?$/.exec(line) ?? [];
    if (name !== undefined && marbles !== undefined) {
      drawn.set(name, marbles);
      notes.set(name, note);
    } else if (line !== '') {
      code.push(line.trim());
    }
  }
  return { drawn, notes, code: code.join('') };
}

/** A delivered event is its own letter, a dropped one the capital. */
function letterOf({ status, event }: Outcome<string>): string {
  return status === 'delivered' ? event : event.toUpperCase();
}

/** Draws moments, each with its letter, as marbles. */
function draw(moments: readonly { readonly frame: number; readonly letter: string }[]): string {
  const frames = new Map<number, string>();
  for (const { frame, letter } of moments) {
    frames.set(frame, (frames.get(frame) ?? '') + letter);
  }
  let marbles = '';
  for (const [frame, letters] of [...frames].sort(([a], [b]) => a - b)) {
    if (marbles.length > frame) {
      throw new Error(`no room for "${letters}" at ${frame} behind ${marbles}`);
    }
    marbles = marbles.padEnd(frame, '-') + (letters.length === 1 ? letters : `(${letters})`);
  }
  return marbles;
}

/**
 * Plays a diagram, and expects of the world what it draws.
 *
 * `x is` and `x answers` make the connection x: its states, and the answer to each send, counted from the
 * send; `window 2` behind them is its window, and the name of an error class what `#` stands for. `x open` is
 * when it is opened (`^`) and closed (`!`), `x sends` which event is sent when. `outcomes` is what the line
 * of code gives. Anything else is a stream that the code may name.
 */
export function play(block: Block): void {
  const { drawn, notes, code } = parse(block);
  const scheduler = new TestScheduler((actual, expected) => {
    expect(actual, block.at).to.deep.equal(expected);
  });
  scheduler.run(({ cold, expectObservable, flush }) => {
    const connections = new Map<string, ReturnType<typeof fakeConnection<string>>>();
    const scope: Record<string, unknown> = { loadBalance, takeUntil };
    for (const [label, marbles] of drawn) {
      const [name = '', part] = label.split(' ');
      if (part === 'is') {
        const said = `${notes.get(label) ?? ''} ${notes.get(`${name} answers`) ?? ''}`;
        const window = /window (\d+)/.exec(said)?.[1];
        const kind = /(\w*Error)/.exec(said)?.[1] as keyof typeof errors | undefined;
        const connection = fakeConnection<string>(marbles, drawn.get(`${name} answers`) ?? '', {
          name,
          error: new errors[kind ?? 'Error']('drawn'),
          ...(window === undefined ? {} : { window: Number(window) }),
        });
        connections.set(name, connection);
        scope[name] = connection;
      } else if (part === undefined && label !== 'outcomes') {
        scope[name] = cold(marbles);
      }
    }
    const build = runInThisContext(`(${Object.keys(scope).join(', ')}) => ${code}`) as (
      ...named: unknown[]
    ) => Observable<Outcome<string>>;
    const outcomes = drawn.get('outcomes') ?? '';
    const letter$ = build(...Object.values(scope)).pipe(map(letterOf));
    // A diagram that stops short of the end is compared as far as it goes.
    expectObservable(letter$, /[|#]/.test(outcomes) ? undefined : `${'-'.repeat(outcomes.length)}!`).toBe(
      outcomes,
    );
    flush();
    for (const [name, { sent, opened, closed }] of connections) {
      const seen = new Map([
        [`${name} sends`, draw(sent.map(({ frame, event }) => ({ frame, letter: event })))],
        [
          `${name} open`,
          draw([
            ...opened.map((frame) => ({ frame, letter: '^' })),
            ...closed.map((frame) => ({ frame, letter: '!' })),
          ]),
        ],
      ]);
      for (const [label, marbles] of seen) {
        if (drawn.has(label)) {
          expect(marbles, `${block.at}: ${label}`).to.equal(drawn.get(label)?.replace(/-+$/, ''));
        }
      }
    }
  });
}
