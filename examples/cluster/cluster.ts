/** Runs it all: a server, three collectors, one phase after the other, and the books. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { CollectorProcess } from '../ship/collectorProcess.js';
import { Backlog } from './backlog.js';
import { Books } from './books.js';
import { ClusterError } from './clusterError.js';
import type { Display } from './display.js';
import { Events } from './events.js';
import { freePort } from '../ship/freePort.js';
import type { ClusterLedger, CollectorShare } from './ledger.js';
import { natsProgram } from './natsProgram.js';
import { runPhase, type PhaseResult, type Stage } from './phaseRun.js';
import { planFrom } from './plan.js';
import { Progress } from './progress.js';
import { Publisher } from './publisher.js';
import { enterDeadLetters, enterFile } from './reading.js';
import { JetStreamServer } from './server.js';
import type { ClusterSettings } from './settings.js';
import { events as eventStream, makeStreams } from './streams.js';

/** How soon the events of a killed worker are delivered to another one, in milliseconds. */
const ackWait = { quick: 2_000, usual: 5_000 };

/**
 * Runs it. All that it starts ends with it, and its folder is removed.
 * @param settings What.
 * @param display Where to show how it goes.
 * @param stop Ends it before its time.
 * @throws ClusterError when it cannot begin; the reason of `stop`.
 */
export async function runCluster(
  settings: ClusterSettings,
  display: Display,
  stop: AbortSignal,
): Promise<ClusterLedger> {
  const program = natsProgram();
  const folder = await mkdtemp(join(tmpdir(), 'cluster-'));
  const server = new JetStreamServer(program, folder, await freePort());
  const told = (text: string): void => {
    display.notice(text);
  };
  const collectors = [1, 2, 3].map((at) => new CollectorProcess(`collector-${at}`, folder, { told }));
  const cleanUp = (): void => {
    server.killNow();
    for (const collector of collectors) {
      collector.killNow();
    }
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp);
  let nats: NatsConnection | undefined;
  try {
    stop.throwIfAborted();
    await Promise.all([server.start(), ...collectors.map((collector) => collector.start())]);
    nats = await connect({
      servers: server.url,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      timeout: 5_000,
    });
    return await runPhases(settings, { server, collectors, nats, display, stop });
  } finally {
    await nats?.close();
    await Promise.all([server.stop(), ...collectors.map((collector) => collector.kill())]);
    process.off('exit', cleanUp);
    cleanUp();
  }
}

/** What runs beside the workers. */
interface Ground {
  readonly server: JetStreamServer;
  readonly collectors: readonly CollectorProcess[];
  readonly nats: NatsConnection;
  readonly display: Display;
  readonly stop: AbortSignal;
}

async function runPhases(settings: ClusterSettings, ground: Ground): Promise<ClusterLedger> {
  const { server, collectors, nats, display, stop } = ground;
  const began = performance.now();
  const manager = await jetstreamManager(nats);
  await makeStreams(manager, settings.quick ? ackWait.quick : ackWait.usual);
  const events = new Events({ count: settings.events, seed: settings.seed, poison: settings.poison });
  const publisher = new Publisher(server.url, events);
  const backlog = new Backlog(manager);
  const progress = new Progress(
    {
      events: settings.events,
      collectors,
      published: () => publisher.published,
      standing: () => backlog.standing,
    },
    (text) => {
      display.notice(text);
    },
  );
  const stage: Stage = { settings, server, collectors, publisher, backlog, progress, stop };
  const phases: PhaseResult[] = [];
  let problem: string | undefined;
  display.begin(progress);
  void backlog.watch();
  try {
    const plan = planFrom({ ...settings, collectors: collectors.length });
    for (const [at, phase] of plan.entries()) {
      const workers = `${phase.workers} worker${phase.workers === 1 ? '' : 's'}`;
      phases.push(await runPhase(stage, phase, `phase ${at + 1} of ${plan.length}, ${workers}`));
    }
  } catch (error) {
    // What has been done is accounted for all the same.
    if (!(error instanceof ClusterError)) {
      throw error;
    }
    problem = error.message;
  } finally {
    backlog.close();
    display.end();
  }
  progress.enter('counting what has arrived');
  // What still runs could still write.
  await Promise.all(collectors.map((collector) => collector.kill()));
  const books = new Books(events);
  const shares: CollectorShare[] = [];
  for (const { name, file } of collectors) {
    shares.push({ name, records: await enterFile(books, file) });
    stop.throwIfAborted();
  }
  await enterDeadLetters(books, nats);
  const { state } = await manager.streams.info(eventStream.stream);
  return {
    ...settings,
    ...books.balance(publisher.published, state.messages),
    phases,
    collectors: shares,
    seconds: (performance.now() - began) / 1_000,
    problem,
  };
}
