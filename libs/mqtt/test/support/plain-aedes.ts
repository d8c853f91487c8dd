import { createServer } from 'node:net';
import { Aedes } from 'aedes';

/** A process with aedes and nothing of ours, to show what an attack does to it. Prints its port. */
const broker = await Aedes.createBroker();
const server = createServer((socket) => void broker.handle(socket));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' ? address?.port : address);
});
