import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';

const nanosecondsPerSecond = 1e9;
const microsecondsPerSecond = 1e6;

/** CPU, memory and event loop of this process. The result stops the event loop's timer. */
export function registerProcessMetrics(metrics: Metrics): Disposable {
  const start = Date.now() / 1000 - process.uptime();
  metrics.observedCounter(
    'process_cpu_seconds_total',
    { mode: 'user' },
    () => process.cpuUsage().user / microsecondsPerSecond,
  );
  metrics.observedCounter(
    'process_cpu_seconds_total',
    { mode: 'system' },
    () => process.cpuUsage().system / microsecondsPerSecond,
  );
  metrics.gauge('process_resident_memory_bytes', {}, () => process.memoryUsage.rss());
  metrics.gauge('process_start_time_seconds', {}, () => start);
  metrics.gauge('nodejs_heap_used_bytes', {}, () => process.memoryUsage().heapUsed);
  metrics.gauge('nodejs_external_memory_bytes', {}, () => process.memoryUsage().external);

  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  metrics.gauge('nodejs_eventloop_delay_p99_seconds', {}, () => {
    const seconds = delay.percentile(99) / nanosecondsPerSecond;
    delay.reset();
    return seconds;
  });

  let last = performance.eventLoopUtilization();
  metrics.gauge('nodejs_eventloop_utilization_ratio', {}, () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, last);
    last = now;
    return utilization;
  });
  return { [Symbol.dispose]: () => delay.disable() };
}
