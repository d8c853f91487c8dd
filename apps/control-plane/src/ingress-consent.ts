import type { JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { subjects, type NodeAnswer, type NodeCommand } from '@tributary/contracts';
import { listMembers, LogError, pause, readMember, type MemberSighting } from '@tributary/log';

export interface IngressConsentOptions {
  readonly nats: NatsConnection;
  readonly manager: JetStreamManager;
  /** A node that has not renewed its lease for this long is gone, in ms. */
  readonly ttlMs: number;
}

const ROLE = 'mqtt-ingress';
/** Time for one request to a node, in ms; then its lease is looked at and it is asked again. */
const REQUEST_MS = 1_500;
const RETRY_MS = 100;

/**
 * Makes sure that every ingress node holds to commit rules that were announced. A node that joins later reads them first; one
 * that does not answer counts until its lease has ended: it has closed its devices by then.
 */
export class IngressConsent {
  readonly #options: IngressConsentOptions;

  constructor(options: IngressConsentOptions) {
    this.#options = options;
  }

  /**
   * Resolves when all nodes hold to the rules of this revision, and what they took in before is in the log or never will be.
   * @throws LogError 'unreachable' naming the nodes that have not said so after `timeoutMs`
   */
  async obtain(revision: number, timeoutMs: number): Promise<void> {
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), timeoutMs);
    try {
      const members = await listMembers(this.#options.manager, ROLE);
      const answers = await Promise.all(
        members.map(
          async (member) => [member.instance, await this.#ask(member, revision, ending.signal)] as const,
        ),
      );
      const missing = answers.flatMap(([instance, holds]) => (holds ? [] : [instance]));
      if (missing.length === 0) return;
      throw new LogError(
        'unreachable',
        `not applied: within ${Math.round(timeoutMs)} ms ingress ${missing.join(', ')} did not say that new routes with ack: kafka are known there; apply again`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(member: MemberSighting, revision: number, signal: AbortSignal): Promise<boolean> {
    const { manager, ttlMs } = this.#options;
    let seen = { revision: member.revision, atMs: performance.now() };
    while (!signal.aborted) {
      if (await this.#holds(member.instance, revision)) return true;
      const found = await readMember(manager, ROLE, member.instance).catch(() => undefined);
      // Gone, or in another life, which has read the rules as it began.
      if (found === null || (found !== undefined && found.epoch !== member.epoch)) return true;
      const now = performance.now();
      if (found !== undefined && found.revision !== seen.revision)
        seen = { revision: found.revision, atMs: now };
      else if (found !== undefined && now - seen.atMs >= ttlMs) return true;
      await pause(RETRY_MS, signal);
    }
    return false;
  }

  async #holds(instance: string, revision: number): Promise<boolean> {
    const command: NodeCommand = { type: 'rules', revision };
    try {
      const subject = subjects.nodeCommands(instance);
      const reply = await this.#options.nats.request(subject, JSON.stringify(command), {
        timeout: REQUEST_MS,
      });
      return reply.json<NodeAnswer>().ok;
    } catch {
      return false;
    }
  }
}
