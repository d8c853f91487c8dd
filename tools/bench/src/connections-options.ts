import type { CommandLine } from './command-line.ts';
import { openFilesLimit } from './measure/open-files.ts';
import {
  ENGINES,
  engineOption,
  nodeOption,
  readEngines,
  readNodeFlags,
  readSettings,
  setOption,
  type EngineChoice,
  type NodeFlag,
  type ServiceSetting,
} from './service-options.ts';

/** mixed: every other client speaks MQTT 5. */
export type Protocol = '3.1.1' | '5' | 'mixed';

export interface ConnectionsOptions {
  clients: number;
  /** Connections that are opened and have no CONNACK, at most. */
  atOnce: number;
  protocol: Protocol;
  /** Seconds. Every client sends a PINGREQ once in this time. */
  keepAlive: number;
  /** How long all of them are left alone before memory is measured. */
  seconds: number;
  engines: EngineChoice[];
  runs: number;
  set: ServiceSetting[];
  node: NodeFlag[];
  json: boolean;
}

/** Open files of a node and of the load generator that are no connections. */
const OTHER_FILES = 500;
/** From one address to another there are as many connections as there are ports that Linux hands out by itself, a little above this. */
const MOST = 28_000;

export const connectionsOptions = {
  clients: { type: 'string', value: 'N', doc: 'idle MQTT connections (default 15000)' },
  'at-once': { type: 'string', value: 'N', doc: 'CONNECTs under way at the same time (default 1000)' },
  protocol: { type: 'string', value: '3.1.1|5|mixed', doc: 'of the clients (default mixed: half of each)' },
  'keep-alive': { type: 'string', value: 'N', doc: 'seconds; a PINGREQ each in this time (default 60)' },
  seconds: { type: 'string', value: 'N', doc: 'of silence before memory is measured (default 10)' },
  engine: { ...engineOption, doc: `${engineOption.doc} (default both)` },
  runs: { type: 'string', value: 'N', doc: 'runs of each engine, of which medians are reported (default 1)' },
  set: setOption,
  node: nodeOption,
  json: { type: 'boolean', doc: 'print everything as JSON and nothing else on standard output' },
  help: { type: 'boolean', doc: 'show this list' },
} as const;

export function readConnectionsOptions(
  line: CommandLine<keyof typeof connectionsOptions>,
): ConnectionsOptions {
  const most = Math.min(MOST, openFilesLimit() - OTHER_FILES);
  const clients = line.number('clients', Math.min(15_000, most), 1, most);
  const protocol = line.text('protocol') ?? 'mixed';
  return {
    clients,
    atOnce: line.number('at-once', Math.min(1_000, clients), 1, clients),
    protocol: line.choice('protocol', protocol, ['3.1.1', '5', 'mixed'], 'mixed'),
    keepAlive: line.number('keep-alive', 60, 1, 65_535),
    seconds: line.number('seconds', 10, 1, 3_600),
    engines: readEngines(line, ENGINES),
    runs: line.number('runs', 1, 1, 99),
    set: readSettings(line),
    node: readNodeFlags(line),
    json: line.flag('json'),
  };
}
