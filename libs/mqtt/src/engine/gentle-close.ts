import type { Duplex } from 'node:stream';

/**
 * Ends a stream so that its peer can read the last packet: our side is closed at once, what still arrives is read and
 * dropped (unread bytes would make the kernel reset the connection and discard our DISCONNECT), and after `lingerMs`
 * it is destroyed.
 */
export function closeGently(stream: Duplex, lingerMs: number): void {
  if (stream.destroyed) return;
  const timer = setTimeout(() => stream.destroy(), lingerMs).unref();
  stream.once('close', () => clearTimeout(timer));
  stream.end();
  stream.resume();
}
