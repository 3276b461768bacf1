/** Headers that users give: checked, so that nothing in them can break a request. */
import { validateHeaderName, validateHeaderValue } from 'node:http';
import { expectObject } from '../../internal/expect.js';

/** Names and values; a name may be written in any case. */
export type HttpHeaders = Readonly<Record<string, string>>;

/** What the HTTP client itself says about the host, the socket and the length of the body. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * Checks headers.
 * @param who The function that was called with them, for the error.
 * @param at Where they stand, for the error.
 * @param headers The user's.
 * @returns The same headers with names in lower case.
 * @throws TypeError when one cannot be sent; its value is not shown, for it may be a secret.
 */
export function checkedHeaders(who: string, at: string, headers: HttpHeaders): Record<string, string> {
  expectObject(who, at, headers);
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const header = `\`${at}[${JSON.stringify(name)}]\``;
    if (
      !isValid(() => {
        validateHeaderName(name);
      })
    ) {
      throw new TypeError(`${who}: expected ${header} to have the name of a header`);
    }
    if (reserved.has(name.toLowerCase())) {
      throw new TypeError(`${who}: expected ${header} to be absent, the HTTP client sets it`);
    }
    if (
      typeof (value as unknown) !== 'string' ||
      !isValid(() => {
        validateHeaderValue(name, value);
      })
    ) {
      throw new TypeError(`${who}: expected ${header} to be a string of characters that a header may have`);
    }
    checked[name.toLowerCase()] = value;
  }
  return checked;
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
