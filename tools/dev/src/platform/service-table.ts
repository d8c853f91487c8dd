import type { ProcOptions } from '@tributary/testing';
import type { Ports, PortUse, ServicePorts } from './ports.ts';

/** One process of ours, as the platform runs it. */
export interface ServiceEntry {
  /** Unique: also the name of its log. */
  name: string;
  app: string;
  settings: NonNullable<ProcOptions['settings']>;
  ports: PortUse[];
}

/** Every service, along the path of a message. */
export function serviceTable(ports: Ports, host: string, nats: string): ServiceEntry[] {
  const entry = (
    app: string,
    own: ServicePorts,
    settings: Record<string, string | number> = {},
    uses: PortUse[] = [],
    name = app,
  ): ServiceEntry => ({
    name,
    app,
    settings: {
      'nats.servers': [nats],
      'http.host': host,
      'http.port': own.http,
      'grpc.port': own.grpc,
      'service.instance': name,
      ...settings,
    },
    ports: [
      ...uses,
      { what: `health and metrics of ${name}`, host, port: own.http },
      { what: `gRPC of ${name}`, host: '127.0.0.1', port: own.grpc },
    ],
  });
  const ingress = ports.ingress.map((own, node) => {
    const name = ports.ingress.length === 1 ? 'mqtt-ingress' : `mqtt-ingress-${node + 1}`;
    const settings = {
      'mqtt.host': host,
      'mqtt.port': own.mqtt,
      'websocket.host': host,
      'websocket.port': own.websocket,
    };
    const uses = [
      { what: `MQTT of ${name}`, host, port: own.mqtt },
      { what: `MQTT over WebSocket of ${name}`, host, port: own.websocket },
    ];
    return entry('mqtt-ingress', own, settings, uses, name);
  });
  return [
    ...ingress,
    entry('session-state', ports.sessionState),
    entry('topic-mapper', ports.topicMapper),
    entry('kafka-egress', ports.kafkaEgress),
    entry('control-plane', ports.controlPlane),
  ];
}
