import type { MqttEngine } from '@tributary/mqtt';
import type { IngressMetrics } from './metrics.ts';

/** The engine as listeners see it: every stream they hand over is counted. */
export function countedEngine(engine: MqttEngine, metrics: IngressMetrics): MqttEngine {
  return {
    name: engine.name,
    counters: engine.counters,
    handshakes: engine.handshakes,
    attach: (stream, info) => {
      metrics.opened(info.transport);
      engine.attach(stream, info);
    },
    drain: (reason, serverReference) => engine.drain(reason, serverReference),
    close: () => engine.close(),
  };
}
