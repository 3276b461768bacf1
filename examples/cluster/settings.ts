/** What is to be run. */

/** All of it. */
export interface ClusterSettings {
  readonly events: number;
  readonly seed: number;
  /** Which part of the events no collector takes: from 0 to 1. */
  readonly poison: number;
  /** Shorter storms, and a shorter wait for what a killed worker had. */
  readonly quick: boolean;
  /** Events in a request at most. */
  readonly batch: number;
  /** Requests that a worker has in flight to each collector. */
  readonly window: number;
  /** How much longer a request takes, as if the collectors were far away, in milliseconds. */
  readonly latency: number;
}

/** What it is without options. */
export const defaults: ClusterSettings = {
  events: 200_000,
  seed: 1,
  poison: 0.0005,
  quick: false,
  batch: 500,
  window: 2,
  latency: 0,
};
