/** What can happen to a place: to its process, to the way there, and to its answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { bulk } from '../../src/connections/http.js';
import {
  endInsteadOfAnswer,
  garbage,
  late,
  refusing,
  resetInAnswer,
  resetInRequest,
  sick,
  silence,
  trickle,
  truncated,
} from './conducts.js';
import { past, type End, type Fault } from './faultCase.js';
import type { Entry } from './ledger.js';
import { HostNames } from './names.js';
import type { Place } from './places.js';
import { pass, type Conduct } from './proxy.js';

/** How long a flapping place is there, and how long it is not, in milliseconds. */
const flap = 50;

/** Many documents a request. */
export const inBulk = {
  urlOf: ({ proxy }: Place) => `${proxy.url}/_bulk`,
  connection: {
    format: bulk<Entry>({ id: ({ n }) => String(n) }),
    batch: { size: 100, linger: 10 },
    window: 2,
  },
} satisfies Partial<Fault>;

/** To its process. There is no proxy before it. */
const toProcess: readonly Fault[] = [
  {
    name: 'killed',
    shows: /ECONNREFUSED|ECONNRESET|other side closed/,
    what: 'SIGKILL, and started again',
    urlOf: past,
    begin: async ({ collector }) => {
      await collector.kill();
      return () => collector.start();
    },
  },
  {
    name: 'suspended',
    shows: /TimeoutError/,
    what: 'SIGSTOP, then SIGCONT',
    urlOf: past,
    begin: ({ collector }) => {
      collector.suspend();
      return () => {
        collector.resume();
      };
    },
  },
  {
    name: 'disk full',
    shows: /503.*EFBIG/,
    what: 'the collector cannot write, and answers 503 with Retry-After: 1',
    urlOf: past,
    begin: async ({ collector }) => {
      await collector.fillDisk();
      return () => collector.freeDisk();
    },
  },
];

/** To the way there. */
const toSockets: readonly Fault[] = [
  {
    name: 'refused',
    shows: /ECONNREFUSED|ECONNRESET|other side closed/,
    what: 'sockets are reset, and new ones refused',
    begin: refusal,
  },
  {
    name: 'flapping',
    shows: /ECONNREFUSED|ECONNRESET|other side closed/,
    what: `refused and accepted in turns, ${flap} ms each`,
    comesAndGoes: true,
    begin: (place) => {
      const leaving = new AbortController();
      const flapping = (async () => {
        while (!leaving.signal.aborted) {
          const accept = refusal(place);
          await sleep(flap);
          await accept();
          await sleep(flap);
        }
      })();
      return () => {
        leaving.abort();
        return flapping;
      };
    },
  },
  {
    name: 'frozen',
    shows: /TimeoutError/,
    what: 'half-open: the other end of every socket is gone and has not said so; new ones work',
    begin: ({ proxy }) => {
      proxy.freeze();
      return () => undefined;
    },
    wellFrom: 'when the load has left',
  },
  {
    name: 'half-closed',
    shows: /other side closed/,
    what: 'takes each request, and ends its half of the socket instead of answering',
    begin: behaving(endInsteadOfAnswer),
  },
  {
    name: 'reset in request',
    shows: /ECONNRESET/,
    what: 'resets each socket in the middle of the request',
    begin: behaving(resetInRequest),
  },
  {
    name: 'reset in answer',
    shows: /ECONNRESET|other side closed/,
    what: 'takes each request, and resets the socket in the middle of the answer',
    begin: behaving(resetInAnswer),
  },
  {
    name: 'slow start',
    shows: /ECONNREFUSED/,
    what: 'refuses at first; then an answer takes 450 ms, and each one a tenth less',
    before: ({ proxy }) => {
      proxy.refuse();
      return () => undefined;
    },
    wellFrom: 'its beginning',
    begin: async ({ proxy }) => {
      let slowness = 450;
      proxy.conduct = late(() => (slowness *= 0.9));
      await proxy.listen();
      return () => undefined;
    },
  },
  noSuchName(),
];

/** To its answers. */
const toAnswers: readonly Fault[] = [
  {
    name: 'silent',
    shows: /TimeoutError/,
    what: 'accepts, takes each request, and never answers',
    begin: behaving(silence),
  },
  { name: 'late', shows: /TimeoutError/, what: 'answers after the timeout', begin: behaving(late(800)) },
  { name: 'trickling', shows: /TimeoutError/, what: 'answers one byte a second', begin: behaving(trickle) },
  {
    name: '429',
    shows: /429/,
    what: 'answers 429 with Retry-After: 1',
    begin: behaving(refusing(429, { 'retry-after': '1' })),
  },
  { name: '500', shows: /500/, what: 'answers 500, at once', begin: behaving(refusing(500)) },
  { name: '503', shows: /503/, what: 'answers 503, at once', begin: behaving(refusing(503)) },
  {
    name: 'sick',
    shows: /health.* 503|503/,
    what: 'takes 300 ms to answer, and its health path says 503; looked at every 200 ms',
    connection: { health: { path: '/health', interval: 200, timeout: 400 } },
    begin: behaving(sick),
  },
  {
    name: 'garbage',
    shows: /Parse Error|HTTPParser|Response does not match/,
    what: 'answers with something that is not HTTP',
    begin: behaving(garbage),
  },
  {
    name: 'truncated bulk',
    shows: /expected JSON in the answer/,
    what: 'takes each _bulk request, and answers with half of the JSON',
    ...inBulk,
    begin: behaving(truncated),
  },
];

/** Every one of them. */
export const faults: readonly Fault[] = [...toProcess, ...toSockets, ...toAnswers];

function refusal({ proxy }: Place): End {
  proxy.refuse();
  return () => proxy.listen();
}

function behaving(conduct: Conduct): Fault['begin'] {
  return ({ proxy }) => {
    proxy.conduct = conduct;
    return () => {
      proxy.conduct = pass;
    };
  };
}

function noSuchName(): Fault {
  let names: HostNames | undefined;
  return {
    name: 'no such name',
    what: 'its host name does not resolve yet',
    shows: /ENOTFOUND/,
    urlOf: ({ name, proxy }) => `http://${name}.test:${new URL(proxy.url).port}/lines`,
    before: (_place, others) => {
      names = new HostNames();
      for (const { name } of others) {
        names.know(`${name}.test`);
      }
      return () => {
        names?.close();
      };
    },
    begin:
      ({ name }) =>
      () => {
        names?.know(`${name}.test`);
      },
  };
}
