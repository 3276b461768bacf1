/** Made-up events: the access log of a web shop, the same for the same seed, no two lines alike. */
import { randomFrom } from './randomFrom.js';

const pages = ['/', '/search', '/cart', '/checkout', '/login', '/assets/app.js', '/assets/app.css'];
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
  'curl/8.5.0',
];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const firstTime = Date.UTC(2025, 0, 1);

/**
 * Makes the lines of an access log in the combined format, with the time taken and a request id at the end.
 * @param count How many.
 * @param seed Another seed, another log.
 */
export function* accessLog(count: number, seed = 1): Generator<string> {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const oneOf = (words: readonly string[]): string => words[below(words.length)] ?? '';
  let time = firstTime;
  for (let n = 0; n < count; n++) {
    time += below(200);
    const client = `10.${below(256)}.${below(256)}.${1 + below(254)}`;
    const buys = random() < 0.1;
    const page = random() < 0.5 ? `/items/${1 + below(5_000)}` : oneOf(pages);
    const status = random() < 0.95 ? 200 : oneOf(['301', '304', '404', '500']);
    const request = `${buys ? 'POST' : 'GET'} ${buys ? '/cart' : page} HTTP/1.1`;
    const took = (below(2_000) / 1_000).toFixed(3);
    const id = `${below(2 ** 32)
      .toString(16)
      .padStart(8, '0')}-${n.toString(16).padStart(8, '0')}`;
    yield `${client} - - [${clock(time)}] "${request}" ${status} ${below(60_000)} "-" "${oneOf(agents)}" ${took} ${id}\n`;
  }
}

/** `01/Jan/2025:00:00:00 +0000` */
function clock(time: number): string {
  const date = new Date(time);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${months[date.getUTCMonth()] ?? ''}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}
