import { connectFrame } from '../load/frames.ts';
import { LatencyHistogram } from '../measure/latency-histogram.ts';
import { planOf, serve } from '../worker/serve.ts';
import type { IdleContract, IdlePlan, StormResult } from './idle-contract.ts';
import { IdleDevice, type IdleFleet } from './idle-device.ts';

/** The load generator of idle connections, a process of its own. */

const INBOX_BYTES = 4 * 1024;
const PING_TICK_MS = 100;

const plan = planOf<IdlePlan>();
const lost = { count: 0, reason: '' };
const fleet: IdleFleet = {
  host: plan.host,
  port: plan.port,
  inbox: Buffer.allocUnsafeSlow(INBOX_BYTES),
  lost: (reason) => {
    lost.count++;
    lost.reason ||= reason;
  },
};
const devices = Array.from({ length: plan.clients }, (_, client) => {
  const version = plan.protocol === 'mixed' ? (client % 2 === 0 ? 5 : 4) : plan.protocol === '5' ? 5 : 4;
  return new IdleDevice(fleet, connectFrame(client, { version, keepAlive: plan.keepAlive }));
});

async function storm(): Promise<StormResult> {
  const latency = new LatencyHistogram();
  const counts = { accepted: 0, refused: 0, failed: 0 };
  let first = '';
  const waiting = devices.values();
  const lane = async (): Promise<void> => {
    for (const device of waiting) {
      const { outcome, reason, us } = await device.connect();
      counts[outcome]++;
      first ||= reason;
      if (outcome === 'accepted') latency.record(us);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: plan.atOnce }, lane));
  const seconds = (performance.now() - began) / 1_000;
  return { ...counts, reason: first, seconds, latency: latency.summary() };
}

function reconnect(): Promise<StormResult> {
  for (const device of devices) device.reset();
  return storm();
}

// Spread evenly over the keep-alive, which is half as long again for the server.
// By the clock and not by the tick: a process that is busy connecting misses ticks.
const startedMs = performance.now();
let pinged = 0;
setInterval(() => {
  const rounds = (performance.now() - startedMs) / (plan.keepAlive * 1_000);
  for (const due = rounds * devices.length; pinged < due; pinged++) devices[pinged % devices.length]?.ping();
}, PING_TICK_MS);

serve<IdleContract>({ connect: storm, reconnect, lost: () => lost });
