import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import { generate, parser, type IConnectPacket, type Packet } from 'mqtt-packet';
import { until, type Proc } from '@tributary/testing';
import { mqttAddress } from './platform.ts';

type Version = 3 | 4 | 5;

/** A device that does exactly what it is told, packet by packet. */
export class RawClient implements Disposable {
  readonly socket: Socket;
  readonly version: Version;
  /** Everything received and not taken yet. */
  readonly received: Packet[] = [];
  closed = false;

  constructor(node: Proc, version: Version = 4, options: Partial<TcpNetConnectOpts> = {}) {
    this.version = version;
    this.socket = connect({ ...mqttAddress(node), noDelay: true, ...options });
    const packets = parser({ protocolVersion: version });
    packets.on('packet', (packet) => this.received.push(packet));
    this.socket.on('data', (chunk) => packets.parse(chunk));
    this.socket.on('close', () => (this.closed = true));
    this.socket.on('error', () => {});
  }

  /** Connects and waits for CONNACK with success. */
  static async connect(node: Proc, options: Partial<IConnectPacket> = {}): Promise<RawClient> {
    const client = new RawClient(node, options.protocolVersion ?? 4);
    client.sendConnect(options);
    const answer = await client.take('connack');
    const code = answer.reasonCode ?? answer.returnCode ?? 0;
    if (code !== 0) throw new Error(`CONNACK ${code}`);
    return client;
  }

  sendConnect(options: Partial<IConnectPacket> = {}): void {
    this.send({
      cmd: 'connect',
      protocolId: this.version === 3 ? 'MQIsdp' : 'MQTT',
      protocolVersion: this.version,
      clean: true,
      keepalive: 60,
      clientId: 'raw',
      ...options,
    });
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.version }));
  }

  /** Several packets in one write. */
  sendAll(packets: Packet[]): void {
    this.socket.write(
      Buffer.concat(packets.map((packet) => generate(packet, { protocolVersion: this.version }))),
    );
  }

  publish(topic: string, payload: string | Buffer, qos: 0 | 1 | 2, messageId = 0, extra: object = {}): void {
    this.send(publishPacket(topic, payload, qos, messageId, extra));
  }

  /** Waits for the next packet of a kind and takes it; what came before it stays. */
  async take<C extends Packet['cmd']>(cmd: C, timeoutMs = 5_000): Promise<Extract<Packet, { cmd: C }>> {
    const at = await until(() => this.received.findIndex((packet) => packet.cmd === cmd) + 1, {
      what: `a ${cmd} arrives`,
      timeoutMs,
      intervalMs: 2,
    });
    const [packet] = this.received.splice(at - 1, 1);
    return packet as Extract<Packet, { cmd: C }>;
  }

  async untilClosed(timeoutMs = 5_000): Promise<void> {
    await until(() => this.closed, { what: 'the connection is closed', timeoutMs, intervalMs: 5 });
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }
}

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  qos: 0 | 1 | 2,
  messageId: number,
  extra: object = {},
): Packet {
  const id = qos === 0 ? {} : { messageId };
  return { cmd: 'publish', topic, payload, qos, dup: false, retain: false, ...id, ...extra };
}
