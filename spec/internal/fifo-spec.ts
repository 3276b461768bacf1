/** The queue's chunks: nothing is lost or reordered at their borders. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Fifo } from '../../src/internal/fifo.js';

/** From one number up to another. */
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

/** So many numbers, from 0. */
function fifoOf(length: number): Fifo<number> {
  const fifo = new Fifo<number>();
  for (const number of numbers(0, length)) {
    fifo.push(number);
  }
  return fifo;
}

interface Chunk {
  readonly items: readonly unknown[];
  readonly previous: Chunk | undefined;
  readonly next: Chunk | undefined;
}

interface Inside {
  readonly head: Chunk;
  readonly tail: Chunk;
  readonly headAt: number;
  readonly tailAt: number;
}

/** What is private. */
const insideOf = (fifo: Fifo<number>): Inside => fifo as unknown as Inside;

/** The sizes of its chunks. What is before the first and behind the last would be kept for nothing. */
function chunksOf(fifo: Fifo<number>): number[] {
  const { head, tail } = insideOf(fifo);
  expect([head.previous, tail.next]).to.deep.equal([undefined, undefined]);
  const sizes: number[] = [];
  for (let chunk: Chunk | undefined = head; chunk !== undefined; chunk = chunk.next) {
    sizes.push(chunk.items.length);
  }
  return sizes;
}

describe('Fifo', () => {
  it('gives undefined when it is empty', () => {
    const fifo = new Fifo<number>();
    expect([fifo.peek(), fifo.shift(), fifo.pop(), fifo.length]).to.deep.equal([
      undefined,
      undefined,
      undefined,
      0,
    ]);
  });

  it('behaves as an array does, also across the borders of its chunks', () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({ shift: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({ pop: fc.integer({ min: 1, max: 3_000 }) }),
      fc.record({ shiftMany: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3_000 })) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let made = 0;
        for (const { push = 0, shift = 0, pop = 0, shiftMany } of steps as Partial<
          Record<'push' | 'shift' | 'pop' | 'shiftMany', number>
        >[]) {
          for (let n = 0; n < push; n++) {
            fifo.push(made);
            model.push(made++);
          }
          const taken: (number | undefined)[] = [];
          const expected: (number | undefined)[] = [];
          for (let n = 0; n < shift; n++) {
            taken.push(fifo.shift());
          }
          expected.push(...model.splice(0, shift));
          for (let n = 0; n < pop; n++) {
            taken.push(fifo.pop());
            expected.push(model.pop());
          }
          expect(taken.filter((item) => item !== undefined)).to.deep.equal(
            expected.filter((item) => item !== undefined),
          );
          if (shiftMany !== undefined) {
            expect(fifo.shiftMany(shiftMany)).to.deep.equal(model.splice(0, shiftMany));
          }
          expect(fifo.length).to.equal(model.length);
          expect(fifo.peek()).to.equal(model[0]);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('takes many at once from one chunk, from several, and all there is', () => {
    const fifo = fifoOf(100);
    expect(fifo.shiftMany(0)).to.deep.equal([]);
    expect(fifo.shiftMany(16)).to.deep.equal(numbers(0, 16));
    expect(fifo.shiftMany(1)).to.deep.equal([16]);
    expect(fifo.shiftMany(80)).to.deep.equal(numbers(17, 97));
    expect(fifo.length).to.equal(3);
    expect(fifo.shiftMany(Infinity)).to.deep.equal([97, 98, 99]);
    expect(fifo.shiftMany(5)).to.deep.equal([]);
    fifo.push(100);
    expect([fifo.length, fifo.shift()]).to.deep.equal([1, 100]);
  });

  it('gives many as an array of their own', () => {
    const fifo = fifoOf(20);
    const taken = fifo.shiftMany(10);
    taken.length = 0;
    expect(fifo.shiftMany(10)).to.deep.equal(numbers(10, 20));
  });

  describe('its chunks', () => {
    it('double in size, from 16 to 1,024', () => {
      expect(chunksOf(fifoOf(0))).to.deep.equal([16]);
      expect(chunksOf(fifoOf(16))).to.deep.equal([16]);
      expect(chunksOf(fifoOf(17))).to.deep.equal([16, 32]);
      expect(chunksOf(fifoOf(4_000))).to.deep.equal([16, 32, 64, 128, 256, 512, 1_024, 1_024, 1_024]);
    });

    it('are let go of once all of one has been taken, from either end', () => {
      const fifo = fifoOf(4_000);
      fifo.shiftMany(16 + 32);
      expect(chunksOf(fifo)).to.deep.equal([64, 128, 256, 512, 1_024, 1_024, 1_024]);
      for (let n = 0; n < 64; n++) {
        fifo.shift();
      }
      expect(chunksOf(fifo)).to.deep.equal([128, 256, 512, 1_024, 1_024, 1_024]);
      while (fifo.length > 128 + 256) {
        fifo.pop();
      }
      expect(chunksOf(fifo)).to.deep.equal([128, 256]);
    });

    for (const [how, empty] of [
      ['one by one', (fifo: Fifo<number>) => Array.from({ length: 4_000 }, () => fifo.shift())],
      ['at once', (fifo: Fifo<number>) => fifo.shiftMany(4_000)],
      ['from behind', (fifo: Fifo<number>) => Array.from({ length: 4_000 }, () => fifo.pop())],
    ] as const) {
      it(`are one, which holds on to nothing, when all were taken ${how}`, () => {
        const fifo = fifoOf(4_000);
        empty(fifo);
        expect(chunksOf(fifo)).to.have.length(1);
        const { head, headAt, tailAt } = insideOf(fifo);
        expect(head.items.every((item) => item === undefined)).to.equal(true);
        expect([headAt, tailAt]).to.deep.equal([0, 0]);
      });
    }

    it('hold on to nothing that was taken many at once', () => {
      const fifo = fifoOf(30);
      fifo.shiftMany(10);
      expect(insideOf(fifo).head.items).to.deep.equal([...Array.from({ length: 10 }), ...numbers(10, 16)]);
    });
  });
});
