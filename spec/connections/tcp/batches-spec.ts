/** tcpConnection with batches: many frames in one write, and a result for each event as it is answered. */
import { expect } from 'chai';
import { tcpConnection, type TcpLineOptions } from '../../../src/connections/tcp.js';
import { type ItemResult, RejectedError, TemporaryError } from '../../../src/index.js';
import { until } from '../../until.js';
import { closedAfterEach } from '../closedAfterEach.js';
import { OpenConnection } from '../openConnection.js';
import { inShort, Shipment } from '../shipment.js';
import { ScriptedPeer } from './scriptedPeer.js';

const batch = { size: 100 };

describe('tcpConnection with batches', () => {
  const keep = closedAfterEach();

  const openTo = async <T>(
    { url }: ScriptedPeer,
    options: TcpLineOptions<T, unknown> = {},
  ): Promise<OpenConnection<T, unknown>> =>
    keep(new OpenConnection(tcpConnection<T, unknown>(url, { ...options, batch }))).up();

  it('should write a batch in one go, a frame for each event', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: (line) => line }));
    const connection = await openTo<number>(peer);
    const results = await connection.sendAll([1, 2, 3]);
    expect(results).to.deep.equal([
      { index: 0, status: 'delivered', value: '1' },
      { index: 1, status: 'delivered', value: '2' },
      { index: 2, status: 'delivered', value: '3' },
    ]);
    expect(peer.chunks.map(String)).to.deep.equal(['1\n2\n3\n']);
  });

  it('should give results as answers come, those of a chunk together', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: () => undefined }));
    const connection = await openTo<number>(peer);
    const told: number[][] = [];
    let completed = false;
    connection.sendingAll([1, 2, 3, 4]).subscribe({
      next: (results) => told.push(results.map(({ index }) => index)),
      complete: () => {
        completed = true;
      },
    });
    await until('all have come', () => peer.frames.length === 4);
    peer.socket.write('a\nb\nc\n');
    await until('some are answered', () => told.length === 1);
    expect(completed).to.be.false;
    peer.socket.write('d\n');
    await until('all are answered', () => completed);
    expect(told).to.deep.equal([[0, 1, 2], [3]]);
  });

  it('should answer two batches in flight, also out of one chunk', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: () => undefined }));
    const connection = await openTo<number>(peer);
    const all = Promise.all([connection.sendAll([1, 2]), connection.sendAll([3, 4])]);
    await until('all have come', () => peer.frames.length === 4);
    peer.socket.write('a\nb\nc\nd\n');
    const values = (await all).map((results) => results.map((result) => 'value' in result && result.value));
    expect(values).to.deep.equal([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('should reject what cannot be written, and deliver the rest', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: (line) => line }));
    const connection = await openTo<unknown>(peer);
    const results = await connection.sendAll([undefined, 1, 2n, 3, undefined]);
    const byIndex = [...results].sort((one, other) => one.index - other.index);
    expect(byIndex.map(({ status }) => status)).to.deep.equal([
      'failed',
      'delivered',
      'failed',
      'delivered',
      'failed',
    ]);
    expect(byIndex.map((result) => 'value' in result && result.value)).to.deep.equal([
      false,
      '1',
      false,
      '3',
      false,
    ]);
    for (const result of byIndex) {
      if (result.status === 'failed') {
        expect(result.error).to.be.an.instanceof(RejectedError);
      }
    }
    expect(await connection.sendAll([undefined])).to.have.length(1);
    expect((await connection.sendAll([4]))[0]).to.include({ status: 'delivered', value: '4' });
  });

  it('should fail the event whose answer `read` does not take', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: (line) => line }));
    const connection = tcpConnection<string>(peer.url, {
      batch,
      encode: (text) => text,
      read: (answer) => {
        if (answer === 'bad') {
          throw new RejectedError('never');
        }
        if (answer === 'later') {
          throw new TemporaryError('later');
        }
        if (answer === 'odd') {
          throw new Error('what is this');
        }
        return answer;
      },
    });
    const opened = await keep(new OpenConnection(connection)).up();
    const results = await opened.sendAll(['good', 'bad', 'later', 'odd']);
    const said = (result: ItemResult<string>): unknown =>
      result.status === 'delivered' ? result.value : String(result.error);
    expect(results.map(said)).to.deep.equal([
      'good',
      'RejectedError: never',
      'TemporaryError: later',
      `Error: ${peer.url}: what is this`,
    ]);
    expect(opened.failed).to.be.false;
  });

  it('should deliver many batches through a balancer', async () => {
    const peer = keep(await ScriptedPeer.start({ framing: 'length', answer: (frame) => frame }));
    const events = Array.from({ length: 5_000 }, (_, index) => index);
    const connection = tcpConnection<number>(peer.url, { batch, window: 3, framing: 'length' });
    const outcomes = await keep(new Shipment(events, [connection])).ended();
    expect(outcomes.map(inShort)).to.deep.equal(events.map(String));
    expect(outcomes.map((outcome) => 'value' in outcome && outcome.value)).to.deep.equal(events.map(String));
    expect(peer.frames).to.deep.equal(events.map(String));
  });

  it('should write in several goes what is larger than one', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: (line) => String(line.length) }));
    const connection = await openTo<string>(peer, { encode: (text) => text });
    const events = Array.from({ length: 60 }, (_, index) => 'x'.repeat(5_000 + index));
    const results = await connection.sendAll(events);
    expect(results.map((result) => 'value' in result && result.value)).to.deep.equal(
      events.map(({ length }) => String(length)),
    );
  });

  it('should ignore the answers to a batch that was cancelled', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: () => undefined }));
    const connection = await openTo<number>(peer);
    const cancelled = connection.sendingAll([1, 2]).subscribe(() => {
      throw new Error('it was cancelled');
    });
    await until('all have come', () => peer.frames.length === 2);
    cancelled.unsubscribe();
    const kept = connection.sendAll([3]);
    await until('all have come', () => peer.frames.length === 3);
    peer.socket.write('a\nb\nc\n');
    expect(await kept).to.deep.equal([{ index: 0, status: 'delivered', value: 'c' }]);
  });

  it('should fail the rest of a batch when the peer leaves', async () => {
    const peer = keep(await ScriptedPeer.start({ answer: () => undefined }));
    const connection = await openTo<number>(peer);
    const told: number[] = [];
    let failure: unknown;
    connection.sendingAll([1, 2, 3]).subscribe({
      next: (results) => told.push(...results.map(({ index }) => index)),
      error: (error: unknown) => {
        failure = error;
      },
    });
    await until('all have come', () => peer.frames.length === 3);
    peer.socket.end('a\n');
    const error = await connection.lost();
    expect(told).to.deep.equal([0]);
    expect(failure).to.equal(error);
    expect(error.message).to.equal(`${peer.url}: closed by the peer with 2 events unanswered`);
  });
});
