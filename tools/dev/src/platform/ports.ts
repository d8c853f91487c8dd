import { portIsFree } from '@tributary/testing';
import { DevError } from '../errors.ts';

export interface ServicePorts {
  http: number;
  grpc: number;
}

export interface IngressPorts extends ServicePorts {
  mqtt: number;
  websocket: number;
}

/** Every port of a platform. Another platform beside it adds an offset to each. */
export interface Ports {
  nats: number;
  natsMonitor: number;
  kafka: number;
  kafkaController: number;
  controlPlane: ServicePorts;
  sessionState: ServicePorts;
  topicMapper: ServicePorts;
  kafkaEgress: ServicePorts;
  ingress: IngressPorts[];
}

export function portsFor(offset: number, ingressNodes: number): Ports {
  const service = (base: number): ServicePorts => ({ http: base + offset, grpc: base + 5 + offset });
  return {
    nats: 4222 + offset,
    natsMonitor: 8222 + offset,
    kafka: 9092 + offset,
    kafkaController: 9499 + offset,
    controlPlane: service(9400),
    sessionState: service(9410),
    topicMapper: service(9420),
    kafkaEgress: service(9430),
    ingress: Array.from({ length: ingressNodes }, (_, node) => ({
      mqtt: 1883 + node + offset,
      websocket: 8083 + node + offset,
      http: 9440 + node + offset,
      grpc: 9470 + node + offset,
    })),
  };
}

/** A port with what needs it. */
export interface PortUse {
  what: string;
  host: string;
  port: number;
}

/** Errors: `ports-taken`, which lists every port that is taken, not only the first. */
export async function requireFree(uses: readonly PortUse[]): Promise<void> {
  const free = await Promise.all(uses.map(({ host, port }) => portIsFree(port, host)));
  const taken = uses.filter((_, i) => !free[i]);
  if (taken.length === 0) return;
  const lines = taken.map(({ what, host, port }) => `  ${host}:${port}  ${what}`);
  const advice = 'Stop what listens there, or move this platform away with --port-offset 1000.';
  throw new DevError(
    'ports-taken',
    ['These ports are taken by other processes:', ...lines, advice].join('\n'),
  );
}
