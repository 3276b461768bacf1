/** Every bad day. */
import { blackHoles } from './blackHoles.js';
import type { Case } from './case.js';
import { faultCase } from './faultCase.js';
import { faults } from './faults.js';
import { longOutage, outage } from './outage.js';
import { soak } from './soak.js';

/** In the order in which they are run. */
export const cases: readonly Case[] = [...faults.map(faultCase), outage, longOutage, ...blackHoles, soak];
