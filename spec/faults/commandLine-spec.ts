/** What can be said on the command line of the bad days, and chance that can be had again. */
import { expect } from 'chai';
import { Chance } from './chance.js';
import { parse, UsageError } from './commandLine.js';

describe('the command line of the bad days', () => {
  it('should have everything without words', () => {
    expect(parse([])).to.deep.equal({
      help: false,
      list: false,
      quick: false,
      readme: false,
      seed: 1,
      json: undefined,
      words: [],
    });
  });

  it('should take words and options', () => {
    expect(parse(['reset', '--quick', '--seed', '7', 'answer', '--json', 'days.json'])).to.deep.include({
      quick: true,
      seed: 7,
      json: 'days.json',
      words: ['reset', 'answer'],
    });
  });

  for (const [args, said] of [
    [['--seed', 'x'], "expected --seed to be a whole number, got 'x'"],
    [['--seed=-1'], "expected --seed to be a whole number, got '-1'"],
    [['--readme', '--quick'], 'expected --readme without --quick and without words'],
    [['--readme', 'soak'], 'expected --readme without --quick and without words'],
    [['--fast'], "Unknown option '--fast'"],
  ] as const) {
    it(`should refuse ${args.join(' ')}`, () => {
      expect(() => parse(args)).to.throw(UsageError, said);
    });
  }
});

describe('chance', () => {
  const drawn = (seed: number): number[] => {
    const chance = new Chance(seed);
    return Array.from({ length: 1_000 }, () => chance.next());
  };

  it('should be the same for the same seed only', () => {
    expect(drawn(1)).to.deep.equal(drawn(1));
    expect(drawn(1)).not.to.deep.equal(drawn(2));
  });

  it('should draw from 0 to less than 1, and evenly', () => {
    const numbers = drawn(3);
    expect(Math.min(...numbers)).to.be.within(0, 0.02);
    expect(Math.max(...numbers)).to.be.within(0.98, 1 - Number.EPSILON);
    expect(numbers.filter((number) => number < 0.5)).to.have.length.within(450, 550);
  });

  it('should choose each of several, and draw between two numbers', () => {
    const chance = new Chance(4);
    const chosen = new Set(Array.from({ length: 100 }, () => chance.oneOf(['a', 'b', 'c'])));
    expect([...chosen]).to.have.members(['a', 'b', 'c']);
    expect(chance.between(5, 6)).to.be.within(5, 6);
    expect(() => chance.oneOf([])).to.throw('expected something to choose from');
  });
});
