/** A program that has left its consumer ends by itself: no socket and no timer keeps it alive. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { until } from '../../until.js';
import { withNats } from '../withNats.js';
import { JetStreamWorld } from './jetStreamWorld.js';

/** `.js` when this is compiled, `.ts` under tsx. */
const program = fileURLToPath(new URL(`leavingProgram${extname(import.meta.url)}`, import.meta.url));

describe('a program that leaves a consumer of nats-server', function () {
  this.timeout(60_000);
  const keep = withNats();

  const acks = Array<string>(3).fill('delivered: ack');
  const ackWait = 20_000;
  const atOnce = 5_000;
  for (const [how, title, printed, left, patience] of [
    ['drain', 'and have settled all that it had', [...acks, 'delivered: ack'], 0, atOnce],
    ['close', 'and have settled or given back all that it had', [...acks, 'dropped: nak'], 1, atOnce],
    // It does not wait for its last word. That it says it is shown in sharing-spec, where its NATS connection stays.
    ['unsubscribe', 'and what it had comes again', acks, 1, ackWait + atOnce],
    ['loop', 'and have settled all that it had', Array<string>(4).fill('delivered'), 0, atOnce],
  ] as const) {
    it(`should end, ${title}: ${how}`, async () => {
      const world = await JetStreamWorld.start(keep, { ackWait });
      await world.publish(4);
      const child = spawn(process.execPath, [...process.execArgv, program, String(world.server.port), how], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      keep({
        close: () => {
          child.kill('SIGKILL');
        },
      });
      let text = '';
      let impatience: NodeJS.Timeout | undefined;
      child.stdout.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        if (text.includes('left')) {
          // Enough for any machine to come to the end, and less than half of the ack wait.
          impatience ??= setTimeout(() => child.kill('SIGKILL'), 6_000);
        }
      });
      const end = (await once(child, 'close')) as [number | null, string | null];
      clearTimeout(impatience);
      expect(end, text).to.deep.equal([0, null]);
      expect(text.trim().split('\n')).to.deep.equal([...printed, 'left']);
      const other = await world.worker([() => Promise.resolve()]);
      await other.has(left, patience);
      await until('all are settled', async () => (await world.state()).floor === 4, atOnce);
      expect(other.outcomes).to.have.length(left);
    });
  }
});
