/** Steps nest, and consequences wait for the outermost. */
import { expect } from 'chai';
import { Steps } from '../../src/internal/steps.js';

describe('Steps', () => {
  it('settles once, at the end of the outermost step', () => {
    const log: string[] = [];
    const steps = new Steps({ settle: () => log.push('settle') });
    steps.run(() => {
      steps.run(() => log.push('inner'));
      log.push('outer');
    });
    expect(log).to.deep.equal(['inner', 'outer', 'settle']);
  });

  it('does not settle inside its own settling', () => {
    const log: string[] = [];
    const steps = new Steps({
      settle: () => {
        log.push('settle');
        steps.run(() => log.push('caused'));
      },
    });
    steps.run(() => log.push('step'));
    expect(log).to.deep.equal(['step', 'settle', 'caused']);
  });

  it('ends a step that throws', () => {
    let settled = 0;
    const steps = new Steps({ settle: () => settled++ });
    expect(() => {
      steps.run(() => {
        throw new Error('in a step');
      });
    }).to.throw('in a step');
    steps.run(() => undefined);
    expect(settled).to.equal(2);
  });
});
