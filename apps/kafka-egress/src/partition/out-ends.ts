import type { JetStreamManager } from '@nats-io/jetstream';
import { parseOutHeaders, type StreamDeclaration } from '@tributary/contracts';
import { verifyStream } from '@tributary/log';
import { placeOf, type OutPlace } from '../position/position.ts';
import type { OutEnds } from '../position/resume.ts';

/** Looks at both ends of an OUT stream. @param log incarnation of the log partition it is made from */
export async function readOutEnds(
  manager: JetStreamManager,
  declaration: StreamDeclaration,
  log: string,
): Promise<OutEnds> {
  const { name, incarnation, firstSequence, lastSequence } = await verifyStream(manager, declaration);
  // The trim always keeps a message, so a stream that ever had one has both ends.
  const [first, last] =
    lastSequence === 0
      ? [null, null]
      : await Promise.all([read(manager, name, firstSequence), read(manager, name, lastSequence)]);
  return { incarnation, log, firstSequence, first, last };
}

async function read(manager: JetStreamManager, stream: string, seq: number): Promise<OutPlace | null> {
  const message = await manager.streams.getMessage(stream, { seq });
  return message && placeOf(parseOutHeaders((name) => message.header.get(name)));
}
