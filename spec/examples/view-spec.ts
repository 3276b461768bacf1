/** The live view: a pure function from a snapshot and the room there is to text. */
import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import { Chalk } from 'chalk';
import fc from 'fast-check';
import { viewOf } from '../../examples/ship/view.js';
import type { ConnectionSnapshot } from '../../examples/ship/snapshot.js';
import { connectionWith, snapshotWith } from './snapshots.js';

const plain = new Chalk({ level: 0 });
const coloured = new Chalk({ level: 1 });

describe("the shipper's live view", () => {
  const three = snapshotWith({
    connections: [
      connectionWith({ state: 'backoff', retryIn: 340, inFlight: 0, share: 0, rate: 0 }),
      connectionWith({ name: 'collector-2', share: 2 / 3, putBack: 0 }),
      connectionWith({ name: 'collector-3', share: 1 / 3, p50: undefined, p99: undefined }),
    ],
    notices: ['collector-1: killed (SIGKILL)', 'collector-1: read ECONNRESET'],
  });

  it('should be a row for each connection, the sums, and what has happened', () => {
    expect(viewOf(three, { width: 110 }, plain).split('\n')).to.deep.equal([
      'connection   state         in flight   delivered  retried  share             events/s     p50     p99',
      'collector-1  backoff 0.3s          0      12,345        6  ░░░░░░░░░░   0 %         0   <1 ms   23 ms',
      'collector-2  up                    8      12,345        0  ███████░░░  67 %     4,321   <1 ms   23 ms',
      'collector-3  up                    8      12,345        6  ███░░░░░░░  33 %     4,321       -       -',
      '████████████████████░░░░░░░░░░░░░░░░░░░░  50 %  ETA 1:05',
      '12,345 delivered   4,321 events/s   1.2 MB/s   17 waiting   0 dropped   1:05 elapsed',
      'collector-1: killed (SIGKILL)',
      'collector-1: read ECONNRESET',
    ]);
  });

  it('should leave columns out when it is narrow, and shorten names', () => {
    const connections = [connectionWith({ name: 'https://collector.example:8443/in/logs' })];
    const tableAt = (width: number): string[] =>
      viewOf(snapshotWith({ connections }), { width }, plain).split('\n').slice(0, 2);
    expect(tableAt(80)).to.deep.equal([
      'connection         state       in flight  delivered retried share events/s   p99',
      'collector…/in/logs up                  8     12,345       6  50 %    4,321  23ms',
    ]);
    expect(tableAt(60)).to.deep.equal([
      'connection         state          delivered  share  events/s',
      'collecto…/in/logs  up                12,345   50 %     4,321',
    ]);
    expect(tableAt(40)).to.deep.equal([
      'connection           state         share',
      'collector…3/in/logs  up             50 %',
    ]);
    expect(tableAt(15)).to.deep.equal(['connection', 'collect…in/logs']);
  });

  it('should break the sums into as many lines as they need', () => {
    expect(viewOf(snapshotWith(), { width: 40 }, plain).split('\n').slice(2)).to.deep.equal([
      '████████████░░░░░░░░░░░░  50 %  ETA 1:05',
      '12,345 delivered   4,321 events/s',
      '1.2 MB/s   17 waiting   0 dropped',
      '1:05 elapsed',
    ]);
  });

  it('should never be wider or higher than its room, whatever is shown', () => {
    const count = fc.nat(10 ** 12);
    const connection: fc.Arbitrary<ConnectionSnapshot> = fc.record({
      name: fc.string({ unit: 'binary', maxLength: 60 }),
      state: fc.constantFrom('up', 'connecting', 'down', 'backoff'),
      retryIn: fc.option(count, { nil: undefined }),
      inFlight: count,
      delivered: count,
      putBack: count,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      rate: count,
      p50: fc.option(count, { nil: undefined }),
      p99: fc.option(count, { nil: undefined }),
    });
    const snapshot = fc.record({
      elapsed: count,
      connections: fc.array(connection, { minLength: 1, maxLength: 8 }),
      done: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      read: count,
      delivered: count,
      dropped: count,
      waiting: count,
      rate: count,
      byteRate: count,
      notices: fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { maxLength: 3 }),
    });
    const rows = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Infinity));
    fc.assert(
      fc.property(snapshot, fc.integer({ min: 1, max: 150 }), rows, (shown, width, height) => {
        for (const chalk of [plain, coloured]) {
          const lines = stripVTControlCharacters(viewOf(shown, { width, height }, chalk)).split('\n');
          for (const line of lines) {
            // Nothing but characters that are one column wide.
            expect(line).to.match(/^[\x20-\x7e\u00a1-\u02ff…█░]*$/u);
            expect(line.length, line).to.be.at.most(width);
          }
          const whole = shown.connections.length + 2;
          expect(lines.length).to.be.at.least(Math.min(height, whole)).and.at.most(height);
        }
      }),
    );
  });

  it('should have every column in the 79 that a terminal of 80 has for it', () => {
    const connections = [
      connectionWith({ state: 'backoff', retryIn: 10_000, delivered: 99_999_999, share: 0.99 }),
      connectionWith({ state: 'connecting', inFlight: 999, putBack: 999_999, rate: 999_999, p99: 12_345 }),
      connectionWith({ p50: 999, share: 1 }),
    ];
    expect(viewOf(snapshotWith({ connections }), { width: 79 }, plain).split('\n').slice(0, 4)).to.deep.equal(
      [
        'connection  state       in flight  delivered retried share events/s   p50   p99',
        'collector-1 backoff 10s         8 99,999,999       6  99 %    4,321  <1ms  23ms',
        'collector-1 connecting        999     12,345 999,999  50 %  999,999  <1ms 12.3s',
        'collector-1 up                  8     12,345       6 100 %    4,321 999ms  23ms',
      ],
    );
  });

  it('should have a shorter bar before it leaves columns out', () => {
    expect(viewOf(snapshotWith(), { width: 100 }, plain).split('\n').slice(0, 2)).to.deep.equal([
      'connection   state         in flight   delivered  retried  share       events/s     p50     p99',
      'collector-1  up                    8      12,345        6  ██░░  50 %     4,321   <1 ms   23 ms',
    ]);
  });

  describe('in few rows', () => {
    const connections = Array.from({ length: 6 }, (_, at) => connectionWith({ name: `place-${at}` }));
    const six = snapshotWith({ connections, notices: ['first', 'second', 'third'] });
    /** The first word of each line. */
    const wordsAt = (width: number, height: number): string[] =>
      viewOf(six, { width, height }, plain)
        .split('\n')
        .map((line) => line.split(' ', 2).join(' ').trim());
    const table = ['connection', ...connections.map(({ name }) => name)];
    const firstWords = (lines: string[], count: number): string[] =>
      lines.slice(0, count).map((line) => line.split(' ', 1).join());

    it('should leave out the oldest notices first', () => {
      const lines = wordsAt(79, 12);
      expect(firstWords(lines, 7)).to.deep.equal(table);
      expect(lines.slice(8)).to.deep.equal(['12,345 delivered', '1:05 elapsed', 'second', 'third']);
    });

    it('should leave out the sums and the bar then, and no connection', () => {
      for (const [width, height] of [
        [79, 9],
        [79, 7],
        [19, 9],
        [19, 7],
      ] as const) {
        const lines = wordsAt(width, height);
        expect(lines).to.have.length(height);
        expect(firstWords(lines, 7), `${width}x${height}`).to.deep.equal(table);
      }
    });

    it('should leave out connections last, and the head where there is no row for both', () => {
      expect(firstWords(wordsAt(19, 4), 4)).to.deep.equal(['connection', 'place-0', 'place-1', 'and']);
      expect(firstWords(wordsAt(79, 2), 2)).to.deep.equal(['place-0', 'and']);
      expect(firstWords(wordsAt(79, 1), 2)).to.deep.equal(['place-0']);
    });
  });

  it('should leave connections out when there are too few rows for them', () => {
    const connections = Array.from({ length: 50 }, (_, at) => connectionWith({ name: `place-${at}` }));
    const lines = viewOf(
      snapshotWith({ connections, notices: ['a', 'b'] }),
      { width: 120, height: 20 },
      plain,
    );
    const rows = lines.split('\n');
    expect(rows).to.have.length.at.most(20);
    const shown = rows.filter((row) => row.startsWith('place-')).length;
    expect(shown).to.be.at.least(10);
    expect(lines)
      .to.include(`\nand ${50 - shown} more\n`)
      .and.include('1:05 elapsed')
      .and.include('\na\nb');
    expect(viewOf(snapshotWith({ connections }), { width: 120, height: 54 }, plain)).to.include('place-49');
  });

  it('should show a bar and the time left only where the size is known', () => {
    expect(viewOf(snapshotWith({ done: undefined }), { width: 120 }, plain)).to.not.match(/ETA|█{11}/);
    expect(viewOf(snapshotWith({ done: 0 }), { width: 120 }, plain)).to.not.match(/ETA/);
    expect(viewOf(snapshotWith({ done: 0.25 }), { width: 120 }, plain)).to.include('25 %  ETA 3:15');
    expect(viewOf(snapshotWith({ done: 0.9999 }), { width: 120 }, plain)).to.include('█░  99 %');
    const done = viewOf(snapshotWith({ done: 1 }), { width: 120 }, plain);
    expect(done).to.include('█ 100 %\n').and.not.include('ETA');
  });

  it('should colour states, and drops', () => {
    const rowOf = (state: ConnectionSnapshot['state']): string =>
      viewOf(snapshotWith({ connections: [connectionWith({ state })] }), { width: 120 }, coloured);
    expect(rowOf('up')).to.match(/\u001b\[32mup +\u001b/);
    expect(rowOf('backoff')).to.match(/\u001b\[31mbackoff +\u001b/);
    expect(rowOf('connecting')).to.match(/\u001b\[33mconnecting +\u001b/);
    expect(rowOf('down')).to.match(/\u001b\[33mdown +\u001b/);
    expect(viewOf(snapshotWith({ dropped: 3 }), { width: 120 }, coloured)).to.include(
      '\u001b[31m3 dropped\u001b',
    );
    expect(rowOf('up')).to.include('   0 dropped   ');
  });

  it('should have the same text with colours and without', () => {
    expect(stripVTControlCharacters(viewOf(three, { width: 100 }, coloured))).to.equal(
      viewOf(three, { width: 100 }, plain),
    );
  });
});
