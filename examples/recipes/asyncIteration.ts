/** `for await`: a loop that reads slowly slows the reading down, and `break` ends it all. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { eachOutcomeFrom } from 'rxjs-load-balance';

const measure = (line: string): Promise<number> => Promise.resolve(line.length);

const lines = createInterface({ input: createReadStream('package.json') });
let count = 0;
for await (const outcome of eachOutcomeFrom(lines, [measure], { highWaterMark: 4 })) {
  if (outcome.status === 'dropped') {
    throw outcome.error;
  }
  if (++count === 3) {
    break; // cancels the sends, closes the connections, and ends the reading of the file
  }
}
console.log(`${count} lines`); // 3 lines
