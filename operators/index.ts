/** The pipeable operators. */
export { loadBalance } from './loadBalance.js';
