import type { NodeStats } from '@tributary/contracts';
import type { EngineCounters } from '@tributary/mqtt';
import type { Counter } from '@tributary/telemetry';
import type { IngressMetrics } from '../metrics.ts';

/** What this node has done since its process started. */
export function nodeStats(
  self: { startedAtMs: number; version: string },
  counters: Readonly<EngineCounters>,
  metrics: IngressMetrics,
): NodeStats {
  const { connected, totals } = metrics;
  return {
    ...self,
    clients: connected.tcp + connected.websocket,
    counts: {
      connections: totals.connections,
      sockets: totals.sockets,
      messagesReceived: counters.packetsReceived,
      messagesSent: counters.packetsSent,
      bytesReceived: counters.bytesReceived,
      bytesSent: counters.bytesSent,
      publishReceived: sumOf(metrics.published),
      publishSent: sumOf(metrics.delivered),
      publishDropped: totals.deliveryDrops + metrics.droppedLogBusy.value,
      publishBytesReceived: metrics.publishedBytes.value,
    },
  };
}

function sumOf(cells: readonly Counter[]): number {
  return cells.reduce((sum, { value }) => sum + value, 0);
}
