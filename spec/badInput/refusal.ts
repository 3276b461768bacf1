/** What is refused at the call, and how. */
import { expect } from 'chai';
import { end, type Place } from './place.js';

/** What a call throws; `undefined` when it throws nothing. */
export async function refusalOf(put: () => unknown): Promise<unknown> {
  let begun: unknown;
  try {
    begun = put();
  } catch (error) {
    return error;
  }
  await end(begun);
  return undefined;
}

/** Checks an error that says whose, which option, and what it got. */
export function expectClear(error: unknown, { who, option }: Place): void {
  expect(error).to.be.an('error');
  const { message } = error as Error;
  expect(error instanceof TypeError || error instanceof RangeError, String(error)).to.equal(true);
  expect(message.startsWith(`${who}: expected \`${option}`), message).to.equal(true);
  expect(message).to.match(/` to (be|have) .+/);
}
