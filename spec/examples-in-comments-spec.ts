/** The examples in doc comments: each compiles, and each that needs no network prints what it says. */
import { expect } from 'chai';
import { commentBlocks, plain, statedOutput } from './readme/blocks.js';
import { checkedPrograms } from './readme/programs.js';

describe('the examples in doc comments', () => {
  before(function () {
    this.timeout(60_000);
    checkedPrograms();
  });

  const examples = commentBlocks().filter(({ language }) => language === 'ts');

  it('should be found', () => {
    expect(examples).to.have.length.of.at.least(15);
  });

  for (const { at, text } of examples) {
    it(`should compile: ${at}`, () => {
      expect(checkedPrograms().complaints.get(at)).to.deep.equal([]);
    });

    it(`should run, and print what it says: ${at}`, function () {
      const { runs } = checkedPrograms();
      const run = runs.get(at);
      if (run === undefined) {
        expect(text, 'not run').to.match(/'node:(net|http)'|fetch\(/);
        return;
      }
      expect(run.failure).to.equal(undefined);
      const stated = statedOutput(text);
      if (stated !== undefined) {
        expect(run.log.map(plain).join(', ')).to.match(stated);
      }
    });
  }
});
