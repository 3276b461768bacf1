/** The places of a bad day: collectors, each with a proxy before it. */
import { httpConnection, ndjson, type HttpOptions } from '../../src/connections/http.js';
import { Collector } from './collector.js';
import type { AnyConnection, Entry } from './ledger.js';
import { FaultProxy } from './proxy.js';

/** One collector and its proxy. */
export class Place {
  private constructor(
    readonly name: string,
    readonly collector: Collector,
    readonly proxy: FaultProxy,
  ) {}

  /**
   * Starts both.
   * @param name Its name.
   * @param folder Where the collector's file is to be.
   */
  static async start(name: string, folder: string): Promise<Place> {
    const collector = new Collector(name, folder);
    await collector.start();
    return new Place(name, collector, await FaultProxy.start(() => collector.url));
  }

  /**
   * A connection to it.
   * @param url Where to, with a path: through the proxy, or past it.
   * @param options Those of `httpConnection`. By default NDJSON, one event a request, a window of 8.
   */
  connection(url: string, options: HttpOptions<Entry, unknown> = {}): AnyConnection<unknown> {
    return httpConnection<Entry, unknown>(url, { format: ndjson(), ...options, name: this.name });
  }

  /** Ends both. The file stays. */
  async close(): Promise<void> {
    this.proxy.close();
    await this.collector.kill();
  }
}
