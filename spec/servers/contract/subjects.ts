/** What was put to the contract in this process: also in one that runs no specs. */
import type { ContractSubject } from './subject.js';

/** In the order of their files. */
export const subjects: ContractSubject[] = [];
