import type { CommandLine } from './command-line.ts';

export const SERVICES = [
  'mqtt-ingress',
  'session-state',
  'topic-mapper',
  'kafka-egress',
  'control-plane',
] as const;
export type ServiceName = (typeof SERVICES)[number];

export const ENGINES = ['aedes', 'native'] as const;
/** An implementation of MQTT, or the one that a node takes by itself. */
export type EngineChoice = (typeof ENGINES)[number] | 'default';

export interface ServiceSetting {
  service: ServiceName;
  key: string;
  value: string;
}

/** An option of Node itself for the processes of a service. */
export interface NodeFlag {
  service: ServiceName;
  flag: string;
}

export const engineOption = {
  type: 'string',
  value: 'NAME',
  doc: 'aedes, native, or both in turn',
} as const;

export const setOption = {
  type: 'string',
  value: 'SERVICE:KEY=VALUE',
  multiple: true,
  doc: 'change a setting, as mqtt-ingress:log.lingerMs=8; may be repeated',
} as const;

export const nodeOption = {
  type: 'string',
  value: 'SERVICE:FLAG',
  multiple: true,
  doc: 'a flag of Node, as mqtt-ingress:--max-semi-space-size=16; may be repeated',
} as const;

export function readEngines(line: CommandLine<'engine'>, fallback: readonly EngineChoice[]): EngineChoice[] {
  const value = line.text('engine');
  if (value === undefined) return [...fallback];
  const choice = line.choice('engine', value, [...ENGINES, 'both'], 'both');
  return choice === 'both' ? [...ENGINES] : [choice];
}

export function readSettings(line: CommandLine<'set'>): ServiceSetting[] {
  return line.list('set').flatMap((change) => {
    const [, service = '', key = '', value = ''] = /^([a-z-]+):([A-Za-z.]+)=(.+)$/.exec(change) ?? [];
    if (key !== '') return [{ service: line.choice('set', service, SERVICES, 'mqtt-ingress'), key, value }];
    line.problems.push(`--set must be SERVICE:KEY=VALUE, not ${change}`);
    return [];
  });
}

export function readNodeFlags(line: CommandLine<'node'>): NodeFlag[] {
  return line.list('node').flatMap((given) => {
    const [, service = '', flag = ''] = /^([a-z-]+):(--[a-z].*)$/.exec(given) ?? [];
    if (flag !== '') return [{ service: line.choice('node', service, SERVICES, 'mqtt-ingress'), flag }];
    line.problems.push(`--node must be SERVICE:FLAG, not ${given}`);
    return [];
  });
}
