import { setPriority } from 'node:os';
import { floods, streams, type AttackKind } from './attacks.ts';
import type { AttackOrder, AttackReport } from './attack-contract.ts';
import type { Outcome } from './hostile-socket.ts';
import { honestLoad } from './honest-load.ts';
import { Random } from './random.ts';

/**
 * The attacker: a process of its own, so that the client that is measured shares nothing with it but the node. It has the
 * lowest priority, because real attackers have machines of their own.
 */
setPriority(19);
const order = JSON.parse(process.argv[2] ?? '') as AttackOrder;
const signal = AbortSignal.timeout(order.ms);
const random = new Random(order.seed);
const report: AttackReport = { outcomes: {}, published: 0 };

if (order.what === 'honest') report.published = await honestLoad(order.mqtt, signal);
else {
  const kinds: [name: string, kind: AttackKind][] = Object.entries(
    order.what === 'streams' ? streams : floods,
  );
  await Promise.all(kinds.map(([name, kind], n) => run(name, kind, `127.0.0.${10 + n}`)));
}
process.stdout.write(JSON.stringify(report));

async function run(
  name: string,
  { attack, parallel, over }: AttackKind,
  localAddress: string,
): Promise<void> {
  const target = { ...(over === 'websocket' ? order.websocket : order.mqtt), localAddress };
  const outcome: Outcome = { opened: 0, answered: 0, closed: 0, stuck: 0 };
  report.outcomes[name] = outcome;
  const own = random.fork();
  const one = async (): Promise<void> => {
    while (!signal.aborted) await attack(target, own.fork(), outcome, signal);
  };
  await Promise.all(Array.from({ length: parallel }, one));
}
