/** A program that uses the connections of a subject, leaves them, and then has to end by itself. */
import { pathToFileURL } from 'node:url';
import { kinds } from './kinds.js';
import { subjects } from './subjects.js';
import { Traffic } from './traffic.js';

const [, , file = '', name] = process.argv;
await import(pathToFileURL(file).href);
const subject = subjects.find((one) => one.name === name);
if (subject === undefined) {
  throw new Error(`${file} has no ${name}`);
}

const server = await subject.startServer();
for (const [kind, batch] of kinds) {
  const encode = (event: string): string => event;
  const options = { name: kind, encode, ...(batch === undefined ? {} : { batch }) };
  const traffic = new Traffic([subject.connect(server, options)]);
  traffic.push(20);
  await traffic.settled();
  traffic.close();
}
await server.stop();
console.log('left');
