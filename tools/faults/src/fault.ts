import type { ProfileName } from './platform/profiles.ts';
import type { Scene } from './scene.ts';

/** One way to break the platform. */
export interface Fault {
  /** As `--only` and the Kafka topics of its row have it. */
  readonly name: string;
  readonly title: string;
  readonly profile: ProfileName;
  /** Whether a cluster with at-least-once delivery may get a record again because of it. */
  readonly repeats: boolean;
  /** Part of `npm test`. */
  readonly inSubset?: boolean;
  /** Can be one of several, in random order, under the same load. */
  readonly mixes?: boolean;
  /** Why it cannot be had on this machine, or false. */
  unavailable?(): string | false;
  /**
   * Breaks something by `scene.strike`, has it last, and puts it right again. Returns facts which show that it bit; finding
   * none is an error. What happens to messages meanwhile is not its concern.
   */
  inject(scene: Scene): Promise<string[]>;
}
