/** An HTTP server that reads each body, a number a line, and answers 200. */
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Tally } from '../arrivals.js';
import { serve } from './serve.js';

const tally = new Tally();
const server = createServer((request, response) => {
  void text(request).then((body) => {
    for (const line of body.trimEnd().split('\n')) {
      tally.add(Number(line));
    }
    response.writeHead(200).end();
  });
});
await serve(server, tally);
