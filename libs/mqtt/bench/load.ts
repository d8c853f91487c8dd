import { connect, type Socket } from 'node:net';

/**
 * The load of `publish.ts`, in a process of its own so that its CPU time is not the engine's: raw sockets that keep
 * `window` PUBLISHes of one prepared packet in flight (QoS 0: as many as the socket takes).
 */
interface Load {
  port: number;
  clients: number;
  qos: 0 | 1;
  window: number;
  version: 4 | 5;
  payload: number;
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load;

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

function packet(first: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  let rest = body.length;
  do {
    length.push(rest > 127 ? (rest & 127) | 128 : rest);
    rest >>= 7;
  } while (rest > 0);
  return Buffer.concat([Buffer.from([first, ...length]), body]);
}

const properties = load.version === 5 ? [Buffer.from([0])] : [];

function connectPacket(name: string): Buffer {
  return packet(0x10, string('MQTT'), Buffer.from([load.version, 2, 0, 60]), ...properties, string(name));
}

function publishPacket(name: string, id: number): Buffer {
  const ids = load.qos === 0 ? [] : [Buffer.from([id >> 8, id & 255])];
  const topic = string(`bench/device/${name}/telemetry`);
  return packet(0x30 | (load.qos << 1), topic, ...ids, ...properties, Buffer.alloc(load.payload, 'x'));
}

function start(socket: Socket, name: string): void {
  const publish = publishPacket(name, 1);
  if (load.qos === 0) {
    const batch = Buffer.concat(Array.from({ length: 200 }, () => publish));
    const pump = (): void => {
      while (socket.write(batch)) continue;
    };
    socket.on('drain', pump);
    pump();
    return;
  }
  const packets = Array.from({ length: load.window }, (_, index) => publishPacket(name, index + 1));
  const prepared = Array.from({ length: load.window + 1 }, (_, count) =>
    Buffer.concat(packets.slice(0, count)),
  );
  let partial = 0;
  socket.on('data', (chunk) => {
    const acks = (partial + chunk.length) >> 2;
    partial = (partial + chunk.length) & 3;
    // The identifiers repeat; the engine under test leaves them to its host.
    for (let left = acks; left > 0; left -= load.window) socket.write(prepared[Math.min(left, load.window)]!);
  });
  socket.write(prepared[load.window]!);
}

for (let index = 0; index < load.clients; index++) {
  const socket = connect({ port: load.port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => process.exit(0));
  socket.on('close', () => process.exit(0));
  socket.write(connectPacket(`client-${index}`));
  socket.once('data', () => start(socket, `client-${index}`));
}
