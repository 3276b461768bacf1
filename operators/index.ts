/** The pipeable operators. */
export { deadLetter, type DeadLetterSink } from './deadLetter.js';
export { loadBalance } from './loadBalance.js';
export { toConnections } from './toConnections.js';
