import type { Outcome, Target } from './hostile-socket.ts';

/** What the attacking process is told, as JSON in its first argument. */
export interface AttackOrder {
  /** honest: well-formed traffic, to compare with. */
  what: 'streams' | 'floods' | 'honest';
  seed: number;
  ms: number;
  mqtt: Target;
  websocket: Target;
}

/** What it says at its end, as JSON. */
export interface AttackReport {
  outcomes: Record<string, Outcome>;
  /** Honest PUBLISHes acknowledged. */
  published: number;
}
