/** The shipper as a function. */
import { withDefaults, type ShipOptions } from './options.js';
import type { Shipment } from './shipment.js';
import { shipToCollectors } from './toCollectors.js';
import { shipToTargets } from './toTargets.js';

/**
 * Ships lines to the targets, or to collectors of its own.
 * @param options What to ship, and how.
 * @throws FileError when a file cannot be read or written.
 */
export function ship(options: ShipOptions = {}): Promise<Shipment> {
  const settings = withDefaults(options);
  const { targets } = settings;
  return targets === undefined ? shipToCollectors(settings) : shipToTargets(targets, settings);
}
