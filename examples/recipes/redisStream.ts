/** Redis Streams: workers share a consumer group, and take over what one of them left when it died. */
import { createClient } from 'redis';
import { delay, fromEvent, mergeMap, retry, tap } from 'rxjs';
import { loadBalanceFrom, RejectedError, type Outcome } from 'rxjs-load-balance';

interface Entry {
  readonly id: string;
  readonly message: Readonly<Record<string, string>>;
  readonly deliveries: number;
}

const [stream, group, deadLetters] = ['orders', 'shippers', 'orders:dead'];
const worker = `worker ${process.pid}`;
const minIdle = 2_000; // ms without a sign of life, after which an entry is taken over
const windows = 1; // of all connections together: no more is read at once
const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const redis = await createClient({ url }).on('error', console.error).connect();
const reader = await redis.duplicate().on('error', console.error).connect(); // a read that waits holds up the rest
const stop = new AbortController();
process.once('SIGTERM', stop.abort.bind(stop));
const isToStop = (): boolean => stop.signal.aborted;

// What is here and not settled: as long as this worker lives, no other one takes it over.
const held = new Set<string>();
const beat = setInterval(() => {
  redis.xClaimJustId(stream, group, worker, 0, ['0-0', ...held]).catch(console.error);
}, minIdle / 4);

/** Now and then what others left, else what is new, until it is to stop. */
async function* entries(): AsyncGenerator<Entry> {
  for (let claimAt = 0; !isToStop();) {
    if (Date.now() >= claimAt) {
      claimAt = Date.now() + minIdle / 2;
      const left = await redis.xPendingRange(stream, group, '-', '+', 1_000, { IDLE: minIdle });
      for (const { id, deliveriesCounter } of left.filter(({ id }) => !held.has(id))) {
        const [entry] = await redis.xClaim(stream, group, worker, minIdle, id);
        if (entry) {
          held.add(id);
          yield { ...entry, deliveries: deliveriesCounter + 1 };
        }
        if (isToStop()) {
          return;
        }
      }
    }
    const wait = { COUNT: windows, BLOCK: 500 };
    const read = await reader.xReadGroup(group, worker, { key: stream, id: '>' }, wait);
    const fresh = (read?.[0]?.messages ?? []) as Entry[];
    fresh.forEach(({ id }) => held.add(id));
    yield* fresh.map((entry) => ({ ...entry, deliveries: 1 }));
  }
}

/** Delivered: acknowledged. Closed, or without a connection: left to another worker. Else: a dead letter. */
async function settle(outcome: Outcome<Entry>): Promise<Outcome<Entry>> {
  const { id, message } = outcome.event;
  const reason = outcome.status === 'dropped' ? outcome.reason : 'delivered';
  held.delete(id);
  if (reason === 'closed' || reason === 'no-connection') {
    return outcome;
  }
  try {
    if (reason !== 'delivered') {
      await redis.xAdd(deadLetters, '*', { ...message, 'dead-letter-id': id, 'dead-letter-reason': reason });
    }
    await redis.xAck(stream, group, id);
  } catch (error) {
    console.error(error); // it is still pending, and comes again
  }
  return outcome;
}

// Three orders. The first two were with a worker that died.
await redis.xGroupCreate(stream, group, '0', { MKSTREAM: true }).catch(console.error); // it may be there already
await Promise.all(['oslo', 'lisbon', 'atlantis'].map((to) => redis.xAdd(stream, '*', { to })));
await redis.xReadGroup(group, 'dead', { key: stream, id: '>' }, { COUNT: 2 });

const ship = ({ message: { to }, deliveries }: Entry): Promise<string> =>
  to === 'atlantis' || deliveries > 5
    ? Promise.reject(new RejectedError('nobody goes there'))
    : Promise.resolve(`shipped to ${to}`);

const closeOn = fromEvent(stop.signal, 'abort').pipe(delay(5_000)); // so much time to finish
await loadBalanceFrom({ [Symbol.asyncIterator]: entries }, [ship], { timeout: { wait: 10_000 }, closeOn })
  .pipe(mergeMap(settle), tap({ error: console.error }), retry({ delay: 1_000 }))
  .forEach(({ event: { message, deliveries }, status }) => {
    console.log(`${message['to']} ${status} ${deliveries}`); // atlantis dropped 1, oslo delivered 2, lisbon delivered 2
    if (message['to'] === 'lisbon') {
      stop.abort();
    }
  });
clearInterval(beat);
await Promise.all([redis.close(), reader.close()]);
