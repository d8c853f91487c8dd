import type { DeviceLimits } from '../device/device.ts';
import type { IngressMetrics } from '../metrics.ts';
import type { LimitConfig } from './limit-settings.ts';
import { PublishRates } from './publish-rates.ts';

/** The part of the limits that all devices of a node are held to one by one. */
export function deviceLimitsOf(config: LimitConfig, metrics: IngressMetrics): DeviceLimits {
  return {
    unacknowledged: config['limits.unacknowledged'],
    queueMessages: config['limits.queueMessages'],
    queueBytes: config['limits.queueBytes'],
    publishRates: new PublishRates(
      {
        publishesPerSecond: config['limits.publishesPerSecond'],
        publishBytesPerSecond: config['limits.publishBytesPerSecond'],
        nodePublishesPerSecond: config['limits.nodePublishesPerSecond'],
        nodePublishBytesPerSecond: config['limits.nodePublishBytesPerSecond'],
      },
      metrics,
    ),
  };
}
