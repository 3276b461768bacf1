/** Every bad day, short: what is in the books, what must not be, and the table. */
import { expect } from 'chai';
import { cases } from './cases.js';
import { problems, tables, type Told } from './report.js';

/** They ship as much as is taken, and not so much a second. */
const slow: ReadonlySet<string> = new Set(['two black holes', 'black hole of many']);

describe('a bad day', () => {
  const days: Told[] = [];

  for (const day of cases) {
    it(`should end with books that balance: ${day.name} (${day.what})`, async () => {
      const account = await day.run({ quick: true, seed: 1 });
      days.push({ day, account });
      expect(problems([{ day, account }])).to.deep.equal([]);
      expect(account.statement.sent).to.be.greaterThan(slow.has(day.name) ? 100 : 1_000);
    });
  }

  after(async () => {
    console.log(`\n${await tables(days)}`);
  });
});
