/** The recipe for a Writable: what happens when it is full, breaks, is slow to end, or is gone. */
import { Writable } from 'node:stream';
import { expect } from 'chai';
import { of, Subject } from 'rxjs';
import type * as recipe from '../../../examples/recipes/writable.js';
import { loadBalance, type Connection } from '../../../src/index.js';
import { OpenConnection } from '../../connections/openConnection.js';
import { until } from '../../until.js';
import { quietly } from './quietly.js';
import { shipped, wordsFor } from './shipped.js';

describe('the recipe for a Writable', () => {
  let toWritable: typeof recipe.toWritable;

  before(async () => {
    ({ toWritable } = await quietly(() => import('../../../examples/recipes/writable.js')));
  });

  /** A Writable that keeps what it is given, and says it has it when `write` does. */
  function memory(
    write: (chunk: string, done: (error?: Error) => void) => void = (_chunk, done) => {
      done();
    },
    highWaterMark = 16_384,
  ): { readonly stream: Writable; readonly kept: string[]; ended: boolean } {
    const kept: string[] = [];
    const made = {
      kept,
      ended: false,
      stream: new Writable({
        highWaterMark,
        decodeStrings: false,
        write: (chunk: string, _encoding, done) => {
          write(chunk, (error) => {
            if (error === undefined) {
              kept.push(chunk);
            }
            done(error);
          });
        },
        final: (done) => {
          made.ended = true;
          done();
        },
      }),
    };
    return made;
  }

  /** A connection into streams, one after the other; an error in place of one cannot be opened. */
  function into(...streams: (Writable | Error)[]): Connection<string, never> {
    return toWritable('memory', () => {
      const stream = streams.shift() ?? new Error('none is left');
      return stream instanceof Error ? Promise.reject(stream) : Promise.resolve(stream);
    });
  }

  it('should deliver what the stream has taken, in order, and end the stream', async () => {
    const place = memory();
    const outcomes = await shipped(['a', 'b', 'c'], [into(place.stream)]);
    expect(wordsFor(outcomes)).to.deep.equal(['a delivered', 'b delivered', 'c delivered']);
    expect(place.kept).to.deep.equal(['a\n', 'b\n', 'c\n']);
    await until('the stream to be ended', () => place.ended);
  });

  it('should not deliver what the stream has not taken yet', async () => {
    const place = memory(() => undefined);
    const outcomes: unknown[] = [];
    const subscription = of('a')
      .pipe(loadBalance([into(place.stream)]))
      .subscribe((outcome) => outcomes.push(outcome));
    await until('a write', () => place.stream.writableLength > 0);
    expect(outcomes).to.deep.equal([]);
    subscription.unsubscribe();
  });

  it('should write no more than one line beyond what the buffer holds', async () => {
    let most = 0;
    const place = memory((_chunk, done) => {
      most = Math.max(most, place.stream.writableLength);
      setImmediate(done);
    }, 64);
    const events = Array.from({ length: 200 }, (_, index) => `event ${index}`);
    await shipped(events, [into(place.stream)]);
    expect(place.kept.map((line) => line.trim())).to.deep.equal(events);
    expect(most).to.be.within(50, 64 + 'event 100\n'.length);
  });

  it('should put back what a failing write did not take, and open again', async () => {
    const full = memory((chunk, done) => {
      done(chunk === 'b\n' ? new Error('no space left on device') : undefined);
    });
    const free = memory();
    const outcomes = await shipped(['a', 'b', 'c'], [into(full.stream, free.stream)], { reconnectDelay: 1 });
    expect(wordsFor(outcomes)).to.have.members(['a delivered', 'b delivered', 'c delivered']);
    expect(full.kept).to.deep.equal(['a\n']);
    expect(free.kept).to.have.members(['b\n', 'c\n']);
  });

  it('should take lines again when it is opened again after it was full', async () => {
    const stuck = memory(() => undefined, 1);
    const free = memory();
    const outcomes = shipped(['a', 'b', 'c'], [into(stuck.stream, free.stream)], { reconnectDelay: 1 });
    await until('a full buffer', () => stuck.stream.writableNeedDrain);
    stuck.stream.destroy();
    expect(wordsFor(await outcomes)).to.have.members(['a delivered', 'b delivered', 'c delivered']);
    expect(free.kept).to.have.members(['a\n', 'b\n', 'c\n']);
  });

  it('should not write what was cancelled', async () => {
    const writes: (() => void)[] = [];
    const place = memory((_chunk, done) => writes.push(done));
    const closeOn = new Subject();
    const outcomes = shipped(['a', 'b', 'c'], [into(place.stream)], { closeOn });
    await until('a write', () => writes.length > 0);
    closeOn.next(undefined);
    expect(wordsFor(await outcomes)).to.deep.equal(['a dropped', 'b dropped', 'c dropped']);
    writes[0]?.();
    await until('the stream to be gone', () => place.stream.closed);
    expect(writes).to.have.length(1); // of a, which was under way
  });

  it('should break with the error of a stream that fails while nothing is written', async () => {
    const { stream } = memory();
    const open = await new OpenConnection(into(stream)).up();
    const error = new Error('EPIPE');
    stream.destroy(error);
    expect(await open.lost()).to.equal(error);
    open.close();
  });

  it('should survive an error of a stream that is no longer used', async () => {
    const { stream } = memory();
    const open = await new OpenConnection(into(stream)).up();
    open.close();
    await until('the stream to be gone', () => stream.closed);
    expect(() => stream.emit('error', new Error('too late'))).to.not.throw();
  });

  it('should cost an event no attempt that the stream cannot be opened', async () => {
    const gone = new Error('no such directory');
    const [outcome] = await shipped(['a'], [into(gone, gone, memory().stream)], { reconnectDelay: 1 });
    expect(outcome).to.include({ status: 'delivered', attempts: 1 });
  });
});
