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
      connectionWith({ name: 'collector-2', share: 2 / 3, retried: 0 }),
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
      'connection       state         in flight   delivered  share             events/s',
      'collect…in/logs  up                    8      12,345  █████░░░░░  50 %     4,321',
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
      retried: count,
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
    fc.assert(
      fc.property(snapshot, fc.integer({ min: 1, max: 150 }), (shown, width) => {
        for (const chalk of [plain, coloured]) {
          const lines = stripVTControlCharacters(viewOf(shown, { width }, chalk)).split('\n');
          for (const line of lines) {
            // Nothing but characters that are one column wide.
            expect(line).to.match(/^[\x20-\x7e\u00a1-\u02ff…█░]*$/u);
            expect(line.length, line).to.be.at.most(width);
          }
          expect(lines.length).to.be.at.least(shown.connections.length + 2);
        }
      }),
    );
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
