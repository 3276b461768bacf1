/** One phase of a connection's life, left in every way there is, one after the other. */
import { until } from '../../until.js';
import { Books } from './books.js';
import { phases } from './phases.js';
import { Stage } from './stage.js';
import { ways } from './ways.js';
import { confirmed, noTimers, nothingLeft, over } from './witness.js';

const [, , name = '', url = ''] = process.argv;
const phase = phases[name];
if (phase === undefined) {
  throw new Error(`no such phase: ${name}`);
}

/** What was said of each way. */
const said: { readonly way: string; readonly books: Books; readonly account: string }[] = [];

for (const [way, leave] of Object.entries(ways)) {
  const books = new Books();
  const stage = new Stage(phase(url));
  const reached = async (): Promise<void> => {
    await until(`${name}, before: ${way}`, () => stage.phase.isReached(stage, books));
    await confirmed('reached');
    stage.remove();
  };
  await leave({ stage, books, reached });
  stage.phase.cleanUp?.();
  await noTimers();
  await confirmed('left');
  await nothingLeft();
  const account = books.toString();
  said.push({ way, books, account });
  console.log(`${way}: ${account}`);
}
over();

process.on('exit', () => {
  for (const { way, books, account } of said) {
    if (books.toString() !== account) {
      console.log(`${way}, later: ${books.toString()}`);
    }
  }
});
