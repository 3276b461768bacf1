/** What all tests with a nats-server have in common. */
import { expectNothingUnhandled } from '../badInput/unhandled.js';
import { closedAfterEach } from '../connections/closedAfterEach.js';
import { natsProgram } from './natsServer.js';

/**
 * To be called within a `describe`: nothing may be left unhandled, and it says so when the server is not installed.
 * @returns A function that takes what a test has opened, gives it back, and closes it after the test.
 */
export function withNats(): ReturnType<typeof closedAfterEach> {
  const keep = closedAfterEach();
  expectNothingUnhandled();
  before(() => {
    natsProgram();
  });
  return keep;
}
