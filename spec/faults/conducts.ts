/** The ways in which a server or a network mistreats a request. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { reply, reset, type Conduct } from './proxy.js';

/** Takes the request and never answers. */
export const silence: Conduct = ({ request }) => {
  request.resume();
};

/**
 * Passes the request on, and its answer back later.
 * @param delay By how many milliseconds, or a function that says it.
 */
export const late =
  (delay: number | (() => number)): Conduct =>
  async ({ forward, response }) => {
    const answer = await forward();
    await sleep(typeof delay === 'number' ? delay : delay());
    reply(response, answer);
  };

/** Resets the socket in the middle of a request, of which the collector gets half. */
export const resetInRequest: Conduct = async ({ forwardHalf, socket }) => {
  await forwardHalf();
  reset(socket);
};

/** Passes the request on, and resets the socket in the middle of the answer. */
export const resetInAnswer: Conduct = async ({ forward, socket }) => {
  const { status } = await forward();
  socket.write(`HTTP/1.1 ${status} OK\r\nconte`);
  // Were both to come at the same moment, a client would see an end.
  await sleep(20);
  reset(socket);
};

/** Passes the request on, and closes the near half of the socket instead of answering. */
export const endInsteadOfAnswer: Conduct = async ({ forward, socket }) => {
  await forward();
  socket.end();
};

/** Passes the request on, and answers one byte a second. */
export const trickle: Conduct = async ({ forward, socket }) => {
  const { status, body } = await forward();
  const answer = `HTTP/1.1 ${status} OK\r\ncontent-length: ${body.length}\r\n\r\n${body.toString('latin1')}`;
  for (const byte of answer) {
    if (socket.destroyed) {
      break;
    }
    socket.write(byte);
    await sleep(1_000, undefined, { ref: false });
  }
};

/**
 * Answers with a status, and passes nothing on.
 * @param status The status.
 * @param headers Its headers.
 */
export const refusing =
  (status: number, headers: Readonly<Record<string, string>> = {}): Conduct =>
  async ({ request, response }) => {
    request.resume();
    await once(request, 'end');
    response.writeHead(status, headers).end();
  };

/** Answers slowly, and says 503 when asked how it is. */
export const sick: Conduct = async (exchange) => {
  const conduct = exchange.request.method === 'GET' ? refusing(503) : late(300);
  await conduct(exchange);
};

/** Answers with something that is not HTTP, and passes nothing on. */
export const garbage: Conduct = ({ request, socket }) => {
  request.resume();
  socket.end('\x00\x16\x03\x01 220 mail.example ESMTP\r\n\r\n');
};

/** Passes the request on, and cuts off half of the answer's body. */
export const truncated: Conduct = async ({ forward, response }) => {
  const answer = await forward();
  reply(response, { ...answer, body: answer.body.subarray(0, Math.floor(answer.body.length / 2)) });
};
