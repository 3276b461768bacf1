/** Every bad day, short: the books balance. */
import { expect } from 'chai';
import { cases } from './cases.js';

describe('a bad day', () => {
  for (const { name, what, run } of cases) {
    it(`should end with books that balance: ${name} (${what})`, async () => {
      const { statement, backoffs } = await run({ quick: true, seed: 1 });
      expect(statement.problems).to.deep.equal([]);
      expect(statement.sent).to.be.greaterThan(1_000);
      expect(statement.delivered).to.be.greaterThan(statement.sent / 2);
      // It was a bad day.
      expect(backoffs).to.be.greaterThan(0);
    });
  }
});
