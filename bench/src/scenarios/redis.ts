/** Lists and streams of a redis-server. */
import { besideBare, type Comparison } from '../besideBare.js';
import { redisServer } from '../servers/program.js';

const over = (rules: Pick<Comparison, 'name' | 'about' | 'window' | 'size'>, which: 'list' | 'stream') =>
  besideBare({
    ...rules,
    needs: redisServer,
    server: ['redis'],
    bare: ['bare redis', async () => (await import('../contenders/bare/redis.js'))[which]],
    ready: ['redisConnection', async () => (await import('../contenders/ready/redis.js'))[which]],
  });

export const redis = [
  over(
    {
      name: 'redis list, window 256',
      about:
        'An RPUSH for each event, 256 in flight, to a redis-server without a disk; bursts of 1,000,000 events.',
      window: 256,
    },
    'list',
  ),
  over(
    {
      name: 'redis list, batches of 500',
      about:
        'An RPUSH for each event, in pipelines of 500, 2 in flight, to a redis-server without a disk; bursts of 1,000,000 events.',
      window: 2,
      size: 500,
    },
    'list',
  ),
  over(
    {
      name: 'redis stream, batches of 500',
      about:
        'An XADD for each event, in pipelines of 500, 2 in flight, to a redis-server without a disk; bursts of 1,000,000 events.',
      window: 2,
      size: 500,
    },
    'stream',
  ),
];
