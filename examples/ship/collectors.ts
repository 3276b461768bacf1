/** Three collectors, for as long as they are needed. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CollectorProcess } from './collectorProcess.js';
import { fileError } from './fileError.js';

/** The first is the one that will have an accident. */
export type Collectors = readonly [CollectorProcess, ...CollectorProcess[]];

/**
 * Starts the collectors, and ends them when the work is done, has failed, or this process exits.
 * @param keep Whether their files are to stay.
 * @param told Takes what they say when something is wrong.
 * @param work What to do with them.
 * @throws FileError when there is no room for their files.
 * @throws CollectorError when one of them does not start.
 */
export async function withCollectors<R>(
  keep: boolean,
  told: (text: string) => void,
  work: (collectors: Collectors) => Promise<R>,
): Promise<R> {
  const folder = await temporaryFolder();
  const collectors: Collectors = [
    new CollectorProcess('collector-1', folder, { told }),
    new CollectorProcess('collector-2', folder, { told }),
    new CollectorProcess('collector-3', folder, { told }),
  ];
  const cleanUp = (): void => {
    for (const collector of collectors) {
      collector.killNow();
    }
    if (!keep) {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  process.once('exit', cleanUp);
  try {
    await Promise.all(collectors.map((collector) => collector.start()));
    return await work(collectors);
  } finally {
    await Promise.all(collectors.map((collector) => collector.kill()));
    process.off('exit', cleanUp);
    cleanUp();
  }
}

async function temporaryFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'ship-'));
  } catch (error) {
    throw fileError('write', tmpdir(), error);
  }
}
