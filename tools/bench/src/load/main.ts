import { setTimeout as delay } from 'node:timers/promises';
import { LatencyHistogram } from '../measure/latency-histogram.ts';
import { monotonicUs } from '../measure/monotonic.ts';
import { planOf, serve } from '../worker/serve.ts';
import { Device, type Fleet } from './device.ts';
import type { LoadContract, LoadMark, LoadPlan, LoadResult } from './load-contract.ts';
import { Pacer } from './pacer.ts';

/** The load generator, a process of its own so that its CPU time is known: all clients on raw sockets, as cheap as Node can. */

const INBOX_BYTES = 64 * 1024;
const CONNECTING_AT_ONCE = 64;
const LOOK_MS = 20;

const plan = planOf<LoadPlan>();
let disconnected = 0;
let reason = '';
const idle = (): void => undefined;
const fleet: Fleet = {
  plan,
  inbox: Buffer.allocUnsafeSlow(INBOX_BYTES),
  latency: new LatencyHistogram(),
  published: 0,
  acknowledged: 0,
  ready: idle,
  lost: (device, why) => {
    disconnected++;
    reason ||= `client ${device.client}: ${why}`;
  },
};
const devices = Array.from({ length: plan.clients }, (_, client) => new Device(fleet, client));
const pacer = plan.rate === null ? undefined : new Pacer(devices, plan.rate);

async function connectAll(): Promise<undefined> {
  const waiting = devices.values();
  const lane = async (): Promise<void> => {
    for (const device of waiting) await device.connect();
  };
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, lane));
}

function go(): undefined {
  if (pacer) return void pacer.start();
  fleet.ready = (device) => device.publish(device.free, monotonicUs());
  for (const device of devices) fleet.ready(device);
}

function mark(): LoadMark {
  const { published, acknowledged, latency } = fleet;
  fleet.latency = new LatencyHistogram();
  const backlog = pacer?.backlog ?? 0;
  return { atUs: monotonicUs(), published, acknowledged, acknowledgement: latency.summary(), backlog };
}

async function finish({ patienceMs }: { patienceMs: number }): Promise<LoadResult> {
  pacer?.stop();
  fleet.ready = idle;
  const deadline = performance.now() + patienceMs;
  while (inFlight() > 0 && performance.now() < deadline) await delay(LOOK_MS);
  const acknowledgedTo = Uint32Array.from(devices, (device) => device.acknowledgedTo);
  const unacknowledged = plan.qos === 0 ? 0 : inFlight();
  for (const device of devices) device.end();
  const { published, acknowledged } = fleet;
  return { published, acknowledged, acknowledgedTo, unacknowledged, disconnected, reason };
}

function inFlight(): number {
  return devices.reduce((sum, device) => sum + device.inFlight, 0);
}

serve<LoadContract>({ connect: connectAll, go, mark, finish });
