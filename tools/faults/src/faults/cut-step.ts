import { until } from '@tributary/testing';
import type { Fault } from '../fault.ts';
import type { LinkName } from '../platform/links.ts';
import type { Scene } from '../scene.ts';
import { ids, partsOf, type ServiceName } from './parts.ts';

interface Step {
  name: string;
  title: string;
  service: ServiceName;
  link: LinkName;
  /** What does not arrive any more when the service is killed. */
  held: 'requests' | 'answers';
}

/** The moments between two steps of a message, each made to last by a connection that carries one way only. */
const STEPS: readonly Step[] = [
  {
    name: 'before-append',
    title: 'mqtt-ingress killed with what it received and had not appended',
    service: 'mqtt-ingress',
    link: 'mqtt-ingress–nats',
    held: 'requests',
  },
  {
    name: 'before-acknowledge',
    title: 'mqtt-ingress killed with what was appended and not acknowledged',
    service: 'mqtt-ingress',
    link: 'mqtt-ingress–nats',
    held: 'answers',
  },
  {
    name: 'before-write-on',
    title: 'topic-mapper killed with what it mapped and had not written to OUT',
    service: 'topic-mapper',
    link: 'topic-mapper–nats',
    held: 'requests',
  },
  {
    name: 'after-write-on',
    title: 'topic-mapper killed with what stood in OUT, before it knew',
    service: 'topic-mapper',
    link: 'topic-mapper–nats',
    held: 'answers',
  },
  {
    name: 'before-commit',
    title: 'kafka-egress killed with what it sent and Kafka did not get',
    service: 'kafka-egress',
    link: 'kafka-egress–kafka',
    held: 'requests',
  },
  {
    name: 'after-commit',
    title: 'kafka-egress killed with what Kafka had, before it knew',
    service: 'kafka-egress',
    link: 'kafka-egress–kafka',
    held: 'answers',
  },
];

const PATIENCE_MS = 5_000;
/** For the service to come to the held step. */
const HELD_MS = 300;

export const cutSteps: readonly Fault[] = STEPS.map((step): Fault => ({
  name: `kill-${step.name}`,
  title: step.title,
  profile: 'single',
  repeats: step.service === 'kafka-egress',
  inSubset: step.name === 'after-commit',
  mixes: true,
  inject: (scene) => cut(scene, step),
}));

async function cut(scene: Scene, { service, link, held }: Step): Promise<string[]> {
  const { links } = scene.platform;
  const proxies = links.of(link);
  const victims = partsOf(scene.platform, service);
  const before = victims.map(({ pid }) => pid);
  const carried = (way: 'requests' | 'answers'): number =>
    proxies.reduce((sum, proxy) => sum + proxy.carried[way], 0);
  const passed = held === 'answers' ? 'requests' : 'answers';
  const mark = await scene.strike(() => {
    for (const proxy of proxies) {
      if (held === 'answers') proxy.holdAnswers();
      else proxy.holdRequests();
    }
    return { held: carried(held), passed: carried(passed) };
  });
  // What is asked still arrives: wait for some of it to be there, so that it is certainly unanswered.
  if (held === 'answers')
    await until(() => carried(passed) > mark.passed, {
      timeoutMs: PATIENCE_MS,
      what: `something goes through ${link}`,
    });
  await scene.pause(HELD_MS);
  const through = carried(passed) - mark.passed;
  const slipped = carried(held) - mark.held;
  await Promise.all(victims.map((victim) => victim.kill()));
  for (const proxy of proxies) proxy.reset();
  for (const proxy of proxies) proxy.pass();
  await Promise.all(victims.map((victim) => victim.start()));
  if (slipped > 0) throw new Error(`${slipped} bytes of what was held came through`);
  return [
    `${held} of ${link} held for ${HELD_MS} ms (${through} bytes of ${passed} passed), process ${ids(before, victims)}`,
  ];
}
