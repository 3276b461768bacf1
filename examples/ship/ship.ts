/** The shipper as a function. */
import { withDefaults, type ShipOptions } from './options.js';
import type { Shipment } from './shipment.js';
import { shipToCollectors } from './toCollectors.js';
import { shipToTargets } from './toTargets.js';

/**
 * Ships lines to the targets, or to collectors of its own.
 * @param options What to ship, and how.
 * @throws InputError when the input cannot be read, or the file of dead letters not be written.
 */
export function ship(options: ShipOptions = {}): Promise<Shipment> {
  const settings = withDefaults(options);
  const { targets } = settings;
  return targets === undefined ? shipToCollectors(settings) : shipToTargets(targets, settings);
}
