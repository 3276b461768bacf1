/** How progress is shown: live on a terminal, and as plain lines elsewhere. */
import { EventEmitter } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { Chalk } from 'chalk';
import { useFakeTimers, type SinonFakeTimers } from 'sinon';
import { colours, liveDisplay, type Terminal } from '../../examples/ship/liveDisplay.js';
import { lineOf, plainDisplay } from '../../examples/ship/plainDisplay.js';
import { Progress } from '../../examples/ship/progress.js';
import { connectionWith, snapshotWith } from './snapshots.js';

/** A terminal: what is written to it ends up on a screen of rows. */
class Screen extends EventEmitter {
  readonly isTTY = true;
  readonly writes: string[] = [];
  isCursorShown = true;
  private lines: string[] = [''];
  private row = 0;
  private column = 0;

  constructor(
    public columns: number,
    public rows: number,
  ) {
    super();
  }

  /** What a person sees, and could scroll back to. */
  get text(): string {
    return this.lines.map((line) => line.trimEnd()).join('\n');
  }

  write(text: string): boolean {
    this.writes.push(text);
    for (const [whole, parameters = '', command] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|[^]/g)) {
      if (command === undefined) {
        this.print(whole);
      } else {
        this.obey(command, parameters);
      }
    }
    return true;
  }

  /** Another size; a line that no longer fits is broken, as terminals do. */
  resize(columns: number): void {
    const before = this.lines.slice(0, this.row).map((line) => line.trimEnd());
    const broken = before.flatMap((line) => line.match(new RegExp(`.{1,${columns}}`, 'g')) ?? ['']);
    this.lines = [...broken, ...this.lines.slice(this.row)];
    this.row = broken.length;
    this.columns = columns;
    this.emit('resize');
  }

  private print(character: string): void {
    if (character === '\n') {
      this.row++;
      this.column = 0;
      this.lines[this.row] ??= '';
    } else if (character === '\r') {
      this.column = 0;
    } else {
      const line = (this.lines[this.row] ?? '').padEnd(this.column);
      this.lines[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
      this.column++;
      expect(this.column, 'a line as wide as the terminal').to.be.below(this.columns);
    }
  }

  private obey(command: string, parameters: string): void {
    const count = Number(parameters === '' ? 1 : parameters);
    const line = this.lines[this.row] ?? '';
    switch (command + (parameters.startsWith('?') ? parameters : '')) {
      case 'A':
        expect(count, 'rows above').to.be.at.most(this.row);
        this.row -= count;
        break;
      case 'B':
        this.row += count;
        break;
      case 'G':
        this.column = 0;
        break;
      case 'K':
        this.lines[this.row] = parameters === '2' ? '' : line.slice(0, this.column);
        break;
      case 'J':
        this.lines = [...this.lines.slice(0, this.row), line.slice(0, this.column)];
        break;
      case 'h?25':
        this.isCursorShown = true;
        break;
      case 'l?25':
        this.isCursorShown = false;
        break;
    }
  }
}

describe("the shipper's display", () => {
  let clock: SinonFakeTimers;

  beforeEach(() => {
    clock = useFakeTimers({
      toFake: ['setInterval', 'clearInterval', 'performance'],
      shouldClearNativeTimers: true,
    });
  });

  afterEach(() => {
    clock.restore();
  });

  const progressOf = (...names: string[]): Progress =>
    new Progress(names, { events: 100 }, undefined, () => clock.now);

  const deliver = (progress: Progress, connection: string): void => {
    const event = progress.enter(Buffer.from('a line\n'));
    progress.next({ type: 'attempt', connection, events: 1, attempt: 1 });
    progress.next({ type: 'answer', connection, delivered: 1, failed: 0, elapsed: 2 });
    progress.settled({ status: 'delivered', event, connection, attempts: 1, value: undefined });
  };

  describe('on a terminal', () => {
    const liveOn = (screen: Screen) => liveDisplay(screen as unknown as Terminal, new Chalk({ level: 1 }));

    it('should draw over what it has drawn, ten times a second, and leave the last frame', () => {
      const screen = new Screen(100, 24);
      screen.write('$ ship\n');
      const display = liveOn(screen);
      const progress = progressOf('a', 'b');
      display.begin(progress);
      expect(screen.text).to.match(
        /^\$ ship\nconnection .*\na +connecting .*\nb +connecting .*\n░+ +0 %\n0 deliv/,
      );
      expect(screen.isCursorShown).to.be.false;
      progress.next({ type: 'state', connection: 'a', state: 'up' });
      for (let frame = 1; frame <= 20; frame++) {
        deliver(progress, 'a');
        const before = screen.writes.length;
        clock.tick(100);
        expect(screen.writes.length - before, 'one write a frame').to.equal(1);
        expect(screen.text)
          .to.match(new RegExp(`\na +up +0 +${frame} .*\n`))
          .and.include(`\n${frame} delivered `);
      }
      expect(screen.text.split('\n')).to.have.length(7);
      deliver(progress, 'a');
      display.end();
      expect(screen.text).to.match(/^\$ ship\nconnection .*\na +up +0 +21 [^]*\n21 delivered .*\n$/);
      expect(screen.isCursorShown).to.be.true;
      const { length } = screen.writes;
      clock.tick(1_000);
      display.end();
      expect(screen.writes).to.have.length(length);
      screen.write('read 21\n');
      expect(screen.text).to.match(/\n21 delivered .*\nread 21\n$/);
    });

    it('should show what has happened lately', () => {
      const screen = new Screen(100, 24);
      const display = liveOn(screen);
      const progress = progressOf('a');
      display.begin(progress);
      for (const notice of ['one', 'two', 'three', 'four']) {
        progress.notice(notice);
      }
      clock.tick(100);
      expect(screen.text).to.match(/elapsed\ntwo\nthree\nfour\n$/);
      display.end();
    });

    it('should follow the size of the terminal, and leave nothing of the old frame behind', () => {
      const screen = new Screen(120, 24);
      screen.write('$ ship\n');
      const display = liveOn(screen);
      const progress = progressOf('http://collector.example:4000/in');
      display.begin(progress);
      for (const columns of [70, 40, 15, 50, 130, 90]) {
        screen.resize(columns);
        const lines = screen.text.split('\n');
        expect(Math.max(...lines.map((line) => line.length))).to.be.below(columns);
        expect(lines.filter((line) => line.startsWith('connection'))).to.have.length(1);
        expect(lines.slice(0, 2).join('\n')).to.match(/^\$ ship\nconnection/);
        clock.tick(100);
      }
      display.end();
      expect(screen.listenerCount('resize')).to.equal(0);
    });

    it('should fit into few rows', () => {
      const screen = new Screen(100, 10);
      const display = liveOn(screen);
      const progress = progressOf(...Array.from({ length: 30 }, (_, at) => `place-${at}`));
      display.begin(progress);
      clock.tick(1_000);
      expect(screen.text.split('\n')).to.have.length.at.most(10);
      expect(screen.text).to.match(/^connection .*\nplace-0 [^]*\nand \d+ more\n/);
      display.end();
    });

    it('should show the cursor again when the process ends in the middle', () => {
      const screen = new Screen(100, 24);
      const listeners = process.listeners('exit');
      const display = liveOn(screen);
      display.begin(progressOf('a'));
      const [added] = process.listeners('exit').filter((listener) => !listeners.includes(listener));
      added?.(1);
      expect(screen.isCursorShown).to.be.true;
      display.end();
      expect(process.listeners('exit')).to.deep.equal(listeners);
    });

    it('should touch nothing when it ends before it begins', () => {
      const screen = new Screen(100, 24);
      liveOn(screen).end();
      expect(screen.writes).to.deep.equal([]);
    });

    it('should have the colours of the terminal, and none when NO_COLOR is set', () => {
      expect(colours(undefined, 2).level).to.equal(2);
      expect(colours('', 2).level).to.equal(2);
      expect(colours('1', 2).level).to.equal(0);
      const screen = new Screen(100, 24);
      const display = liveDisplay(screen as unknown as Terminal, colours('1', 3));
      const progress = progressOf('a');
      progress.next({ type: 'state', connection: 'a', state: 'up' });
      display.begin(progress);
      display.end();

      expect(screen.writes.join(''))
        .to.include('up')
        .and.not.match(/\u001b\[[\d;]*m/);
    });
  });

  describe('elsewhere', () => {
    it('should write a line a second, one for whatever happens, and one at the end', () => {
      const lines: string[] = [];
      const display = plainDisplay((text) => lines.push(text));
      const progress = new Progress(['a'], { events: 4 }, display.notice, () => clock.now);
      display.begin(progress);
      progress.next({ type: 'state', connection: 'a', state: 'up' });
      deliver(progress, 'a');
      clock.tick(999);
      progress.notice('something');
      clock.tick(1);
      deliver(progress, 'a');
      deliver(progress, 'a');
      clock.tick(1_000);
      display.end();
      display.end();
      clock.tick(5_000);
      expect(lines).to.deep.equal([
        'something\n',
        ' 0:01 |  25 % | 1 delivered, 0 waiting, 0 dropped | 1 events/s, 7 B/s | a up 100 %\n',
        ' 0:02 |  75 % | 3 delivered, 0 waiting, 0 dropped | 2 events/s, 14 B/s | a up 100 %\n',
        ' 0:02 |  75 % | 3 delivered, 0 waiting, 0 dropped | 2 events/s, 11 B/s | a up 100 %\n',
      ]);
    });

    it('should leave out what is not known', () => {
      const line = lineOf(
        snapshotWith({ done: undefined, connections: [connectionWith({ state: 'down' })] }),
      );
      expect(line).to.equal(
        ' 1:05 | 12,345 delivered, 17 waiting, 0 dropped | 4,321 events/s, 1.2 MB/s | collector-1 down 50 %',
      );
      expect(stripVTControlCharacters(line)).to.equal(line);
    });
  });
});
