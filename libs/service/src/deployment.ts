import type { NatsConnection } from '@nats-io/transport-node';
import { DeploymentError, SettingsError, type SettingProblem } from './errors.ts';
import type { LogSettings } from './log-settings.ts';
import { natsServerState, type NatsServerState } from './nats-monitoring.ts';
import type { Service } from './service.ts';
import type { CommonSettings } from './settings/common.ts';
import { environmentName, type Config } from './settings/declaration.ts';

type DeployedSettings = CommonSettings & LogSettings;

const LEAST_REPLICAS = 3;
/** An election among NATS servers takes up to 9 s (ADR 11). */
const LEAST_LEASE_MS = 20_000;

/**
 * In the profile `production`, verifies that what is acknowledged survives the loss of any one server: three copies, on
 * servers that write them to disk before they answer. NATS tells that to nobody but its monitoring. In `dev` all is well.
 * @throws SettingsError; DeploymentError, naming the server and what to change there
 */
export async function checkDeployment(
  service: Pick<Service<DeployedSettings>, 'config' | 'log'>,
  nats: Pick<NatsConnection, 'info'>,
): Promise<void> {
  const { config, log } = service;
  if (config['deployment.profile'] !== 'production') return;
  const problems = [...settingProblems(config)];
  if (problems.length > 0) throw new SettingsError(problems);
  const cluster = nats.info?.cluster;
  if (cluster === undefined) {
    throw new DeploymentError(
      `the NATS server that is connected to is alone: production needs a cluster of three`,
    );
  }
  const monitors = config['nats.monitor'];
  const answers = await Promise.allSettled(monitors.map((url) => natsServerState(url)));
  const states = new Map<string, NatsServerState>();
  for (const [n, answer] of answers.entries()) {
    const monitor = monitors[n] ?? '';
    if (answer.status === 'fulfilled') {
      checkServer(monitor, answer.value, cluster);
      states.set(answer.value.id, answer.value);
    } else log.warn({ monitor, error: answer.reason as unknown }, 'a NATS server cannot be checked');
  }
  checkNumber([...states.values()], monitors.length);
  if (![...states.values()].every(({ uniqueTag }) => uniqueTag)) {
    log.warn('NATS places replicas without regard to zones: set jetstream.unique_tag and server_tags there');
  }
}

function* settingProblems(config: Config<DeployedSettings>): Generator<SettingProblem> {
  const problem = (setting: keyof DeployedSettings, message: string): SettingProblem => ({
    setting,
    source: environmentName(setting),
    message: `${setting} ${message} (deployment.profile is production)`,
  });
  const replicas = config['log.replicas'];
  if (replicas < LEAST_REPLICAS) {
    yield problem('log.replicas', `must be at least ${LEAST_REPLICAS}, not ${replicas}`);
  }
  const ttlMs = config['lease.ttlMs'];
  if (ttlMs < LEAST_LEASE_MS) {
    yield problem(
      'lease.ttlMs',
      `must be at least ${LEAST_LEASE_MS}, not ${ttlMs}: leases have to outlast an election of NATS`,
    );
  }
  if (config['nats.monitor'].length < LEAST_REPLICAS) {
    yield problem('nats.monitor', 'must list the monitoring URL (http://host:8222) of every NATS server');
  }
}

function checkServer(monitor: string, state: NatsServerState, cluster: string): void {
  const wrong = (message: string): never => {
    throw new DeploymentError(`the NATS server ${state.name} (${monitor}) ${message}`);
  };
  if (state.cluster !== cluster) wrong(`belongs to cluster ${state.cluster ?? '(none)'}, not to ${cluster}`);
  if (!state.syncAlways) {
    wrong('acknowledges before it has written to disk: set "sync_interval: always" in its jetstream block');
  }
}

/** Those that did not answer may be down; they acknowledge nothing then. But somebody must answer for the rest. */
function checkNumber(states: readonly NatsServerState[], listed: number): void {
  const size = Math.max(0, ...states.map(({ clusterSize }) => clusterSize));
  if (states.length * 2 <= size || states.length === 0) {
    throw new DeploymentError(
      `only ${states.length} of ${listed} monitoring URLs in nats.monitor answer: most servers must be checked`,
      true,
    );
  }
  if (size < LEAST_REPLICAS) {
    throw new DeploymentError(
      `JetStream runs on ${size} servers: production needs at least ${LEAST_REPLICAS}`,
    );
  }
  if (listed < size) {
    throw new DeploymentError(
      `JetStream runs on ${size} servers, but nats.monitor lists ${listed}: list them all`,
    );
  }
}
