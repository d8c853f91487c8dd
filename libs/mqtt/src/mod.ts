export * from './ack-queue.ts';
export { createAedesEngine } from './aedes/aedes-engine.ts';
export { defaultEngineOptions, type EngineOptions } from './engine/engine-options.ts';
export { engineLimits, type EngineLimit, type LimitCounters } from './engine/limit-counters.ts';
export type * from './engine/mqtt-engine.ts';
export { networkOf } from './engine/network-of.ts';
export {
  ReasonCode,
  connectReturnCode,
  isFailure,
  reasonText,
  type ReasonName,
} from './engine/reason-code.ts';
export * from './errors.ts';
export { createNativeEngine } from './native/native-engine.ts';
export * from './outbound-window.ts';
export * from './publish-properties.ts';
export * from './subscription-trie.ts';
export { TokenBucket, type TokenRate } from './token-bucket.ts';
export * from './topic-filter.ts';
export { topicNameProblem } from './topic-name.ts';
export type { Listener, ListenOptions } from './transport/listener.ts';
export { listenTcp } from './transport/tcp-listener.ts';
export { listenWebSocket, type WebSocketListenOptions } from './transport/websocket-listener.ts';
export { publishWireBytes } from './wire/publish-encoder.ts';
export {
  authenticateByScram,
  SCRAM_SHA_256,
  type ScramOutcome,
  type ScramUser,
} from './scram/scram-server.ts';
export { saslPrepare } from './scram/sasl-prepare.ts';
export {
  formatVerifier,
  LEAST_ITERATIONS,
  matchesVerifier,
  parseVerifier,
  SCRAM_KEY_BYTES,
  scramVerifier,
  type ScramVerifier,
} from './scram/scram-verifier.ts';
