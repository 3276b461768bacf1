/** Every bad day, short: what is in the books, what must not be, and the table. */
import { expect } from 'chai';
import { cases } from './cases.js';
import { problems, tables, type Told } from './report.js';

describe('a bad day', () => {
  const days: Told[] = [];

  for (const day of cases) {
    it(`should end with books that balance: ${day.name} (${day.what})`, async () => {
      const account = await day.run({ quick: true, seed: 1 });
      days.push({ day, account });
      expect(problems([{ day, account }])).to.deep.equal([]);
      expect(account.statement.sent).to.be.greaterThan(100);
    });
  }

  after(async () => {
    console.log(`\n${await tables(days)}`);
  });
});
