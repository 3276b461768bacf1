/** How it stands at one moment: all that a display shows. */

/** Whether a process is there. */
export type ProcessState = 'up' | 'starting' | 'killed';

/** One process. */
export interface ProcessSnapshot {
  readonly name: string;
  readonly state: ProcessState;
  /** How often it was killed. */
  readonly kills: number;
}

/** One worker. */
export interface WorkerSnapshot extends ProcessSnapshot {
  /** Events that it has delivered in this phase. */
  readonly delivered: number;
  /** Which part of what its phase has delivered: from 0 to 1. */
  readonly share: number;
  /** Events a second. */
  readonly rate: number;
}

/** All of it. */
export interface Snapshot {
  /** Milliseconds since it began. */
  readonly elapsed: number;
  /** `phase 2 of 3, 2 workers: storm` */
  readonly step: string;
  readonly events: number;
  readonly published: number;
  /** Events that have an outcome, by the word of the workers. */
  readonly settled: number;
  readonly deadLetters: number;
  /** Events a second. */
  readonly rate: number;
  /** Events in the stream that nobody has got yet, and those that somebody has got. */
  readonly waiting: number;
  readonly unacknowledged: number;
  readonly server: ProcessSnapshot;
  readonly collectors: readonly ProcessSnapshot[];
  readonly workers: readonly WorkerSnapshot[];
  /** What has happened lately, the newest last. */
  readonly notices: readonly string[];
}
