/** The queue's chunks: nothing is lost or reordered at their borders. */
import { expect } from 'chai';
import fc from 'fast-check';
import { Fifo } from '../../src/internal/fifo.js';

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
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const fifo = new Fifo<number>();
        const model: number[] = [];
        let made = 0;
        for (const { push = 0, shift = 0, pop = 0 } of steps as Partial<
          Record<'push' | 'shift' | 'pop', number>
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
          expect(fifo.length).to.equal(model.length);
          expect(fifo.peek()).to.equal(model[0]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
