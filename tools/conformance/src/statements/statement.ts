import type { Engine } from '../target/target.ts';
import type { Scene } from './scene.ts';

/** A normative statement of MQTT 5, `3.1.0-1`, or where it says something else of MQTT 3.1.1, `3.1.0-1 of 3.1.1`. */
export interface Statement {
  readonly id: string;
  /** In our words. */
  readonly says: string;
  /** Plays it against a server and fails if the server does not do so. */
  readonly test: (scene: Scene) => Promise<void>;
  /** Engines that do not do so, and why. The case must fail there: an exception that is needed no more is an error. */
  readonly except?: Partial<Record<Engine, string>>;
}

/** A statement without a case of its own. */
export interface Unobserved {
  readonly id: string;
  /**
   * client: it binds clients only. absent: its condition never holds for us. elsewhere: it needs a user, whom only
   * a setting gives; the tests of libs/mqtt and apps/mqtt-ingress have it.
   */
  readonly why: 'client' | 'absent' | 'elsewhere';
  readonly says: string;
}
