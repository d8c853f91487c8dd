/**
 * A dead letter that is to be mapped again, as a message on `subjects.replay(...)` asks for it. The letter is named twice:
 * its sequence, in the subject of the request, finds it; its own subject, the request's data, tells it from another that
 * has its sequence in a stream created anew.
 */
export interface ReplayRequest {
  /** Sequence in the stream of dead letters; 0 if the request names none. */
  letter: number;
  /** Subject of the letter. */
  subject: string;
}

export function readReplayRequest(subject: string, data: Uint8Array): ReplayRequest {
  const name = subject.slice(subject.lastIndexOf('.') + 1);
  const letter = /^\d{1,15}$/.test(name) ? Number(name) : 0;
  return { letter, subject: Buffer.from(data).toString('utf8') };
}
