/** For tests of one's own topology, in virtual time. */
export {
  fakeConnection,
  type FakeBatchConnectionConfig,
  type FakeConnectionConfig,
  type FakeLog,
  type FakeSend,
} from './fakeConnection.js';
