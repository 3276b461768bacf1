/** A connection that is left: nothing of it stays behind. */
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { until } from '../../until.js';
import type { Connected, Ground } from './ground.js';
import type { Traffic } from './traffic.js';

/** Cases of leaving, each at another time. */
export function describeClosing(ground: Ground): void {
  const { site } = ground;

  /** Ships, leaves, and waits until there is no more than there was before. */
  const expectNothingBehind = async (
    connect: () => Connected,
    use: (traffic: Traffic) => void | Promise<void>,
  ): Promise<void> => {
    const before = await resources();
    const traffic = ground.ship([connect()], { reconnectDelay: 60_000 });
    await use(traffic);
    traffic.close();
    let more: readonly string[] = [];
    const isGone = async (): Promise<boolean> => {
      more = moreThan(before, await resources());
      return more.length === 0;
    };
    await until('nothing is left', isGone, 5_000).catch(() => {
      expect(more, 'still there').to.deep.equal([]);
    });
    const { length } = traffic.activities;
    site.one.thaw();
    await sleep(20);
    expect(traffic.activities.slice(length), 'what it does afterwards').to.deep.equal([]);
  };

  ground.it('should leave nothing behind after it has delivered', async () => {
    await expectNothingBehind(
      () => ground.one(),
      async (traffic) => {
        traffic.push(ground.eventsFor(20));
        await traffic.settled();
      },
    );
  });

  ground.it('should leave nothing behind with sends in flight', async () => {
    await expectNothingBehind(
      () => ground.one({ window: 4 }),
      async (traffic) => {
        await traffic.be('up');
        site.one.freeze();
        traffic.push(ground.eventsFor(8));
        await until('sends are in flight', () => traffic.mostInFlight() === 4);
        await sleep(20);
      },
    );
  });

  ground.it('should leave nothing behind at once', async () => {
    await expectNothingBehind(
      () => ground.one(),
      (traffic) => {
        traffic.push(3);
      },
    );
  });

  ground.it('should leave nothing behind while nobody answers its connecting', async () => {
    await expectNothingBehind(
      () => ground.one({ port: site.blackHole }),
      async () => {
        await sleep(50);
      },
    );
  });

  ground.it('should leave nothing behind while nobody greets it', async () => {
    site.one.freeze();
    await expectNothingBehind(
      () => ground.one(),
      async (traffic) => {
        traffic.push(3);
        await sleep(50);
      },
    );
  });

  ground.it('should leave nothing behind while it waits to try again', async () => {
    await site.kill();
    await expectNothingBehind(
      () => ground.one(),
      async (traffic) => {
        await traffic.be('backoff');
      },
    );
  });
}

/** What keeps this process alive; without the timer that has just brought us here. */
async function resources(): Promise<string[]> {
  await turn();
  return process.getActiveResourcesInfo();
}

/** What is in the second list more often than in the first. */
function moreThan(before: readonly string[], now: readonly string[]): string[] {
  const rest = [...before];
  return now.filter((thing) => {
    const index = rest.indexOf(thing);
    if (index >= 0) {
      rest.splice(index, 1);
    }
    return index < 0;
  });
}
