/** How errors show what they got. */
import { expect } from 'chai';
import { wrongType } from '../../src/internal/expect.js';

describe('the error of a wrong type', () => {
  for (const [value, shown] of [
    ['text', 'got `"text"` (string)'],
    [null, 'got `null` (null)'],
    [[1, 2], 'got `1,2` (array)'],
    [
      (
        () => () =>
          undefined
      )(),
      'got `a function` (function)',
    ],
    [Object.create(null), 'got `an object` (object)'],
  ] as const) {
    it(`says ${shown}`, () => {
      expect(wrongType('f', 'x', 'y', value).message).to.equal(`f: expected \`x\` to be y, ${shown}`);
    });
  }
});
