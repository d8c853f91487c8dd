import type { Fault } from '../fault.ts';
import type { LinkName } from '../platform/links.ts';

const LINKS: readonly LinkName[] = [
  'devices–mqtt-ingress',
  'mqtt-ingress–nats',
  'session-state–nats',
  'topic-mapper–nats',
  'kafka-egress–nats',
  'control-plane–nats',
  'kafka-egress–kafka',
];

const RESETS = 5;
/** Longer than a lease, and than devices and services need to notice. */
const SILENT_MS = 6_000;

const nameOf = (link: LinkName): string => link.replace('–', '.');
const repeats = (link: LinkName): boolean => link.startsWith('kafka-egress');

/** Every connection between two ends reset, several times in a row. */
const resets: readonly Fault[] = LINKS.map((link): Fault => ({
  name: `reset-${nameOf(link)}`,
  title: `connections ${link} reset ${RESETS} times`,
  profile: 'single',
  repeats: repeats(link),
  inSubset: link === 'kafka-egress–nats',
  mixes: true,
  inject: async (scene) => {
    const { links } = scene.platform;
    let count = 0;
    for (let n = 0; n < RESETS; n++) {
      count += await scene.strike(() => links.of(link).reduce((sum, proxy) => sum + proxy.reset(), 0));
      await scene.pause(scene.random.between(200, 800));
    }
    return count === 0 ? [] : [`${count} connections reset`];
  },
}));

/** Nothing arrives between two ends, and neither is told. */
const blackHoles: readonly Fault[] = LINKS.map((link): Fault => ({
  name: `black-hole-${nameOf(link)}`,
  title: `connections ${link} silent for ${SILENT_MS / 1_000} s, then what was sent arrives`,
  profile: 'single',
  repeats: repeats(link),
  mixes: true,
  inject: async (scene) => {
    const { links } = scene.platform;
    const proxies = links.of(link);
    const open = await scene.strike(() => {
      for (const proxy of proxies) proxy.blackHole();
      return links.connections(link);
    });
    const before = links.carried(link);
    await scene.pause(SILENT_MS);
    const through = links.carried(link) - before;
    if (through > 0) throw new Error(`${through} bytes came out of a black hole`);
    for (const proxy of proxies) proxy.pass();
    return open === 0 ? [] : [`${open} connections silent for ${SILENT_MS / 1_000} s`];
  },
}));

export const brokenLinks: readonly Fault[] = [...resets, ...blackHoles];
