import { MappingError } from '../errors.ts';
import { isBrokerAddress } from './broker-address.ts';
import type { ConfigText, Delivery, SaslMechanism, SslDeclaration, TopicCreation } from './cluster.ts';
import type { Mapping } from './mapping.ts';

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>;

/** TLS towards Kafka. Keys and certificates are PEM texts. */
export interface ResolvedSsl {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface ResolvedSasl {
  readonly mechanism: SaslMechanism;
  readonly username: string;
  readonly password: string;
}

/** A Kafka cluster, ready to be connected to. */
export interface ResolvedCluster {
  readonly name: string;
  /** host:port */
  readonly brokers: readonly string[];
  /** Null: no encryption. Empty: with the certificates of the system. */
  readonly ssl: ResolvedSsl | null;
  readonly sasl: ResolvedSasl | null;
  readonly delivery: Delivery;
  readonly required: boolean;
  readonly createTopics: TopicCreation | null;
  /** Every topic that a route of this cluster may produce to. */
  readonly topics: readonly string[];
  /** Whether acknowledgements wait for this cluster: one of its routes says `ack: kafka`. */
  readonly awaited: boolean;
}

/**
 * Fills in the environment. @throws MappingError 'environment-incomplete', which names every variable that is
 * missing or does not give what its place needs.
 */
export function resolveClusters(mapping: Mapping, variables: EnvironmentVariables): ResolvedCluster[] {
  const problems = new Set<string>();
  const text = (config: ConfigText, cluster: string): string => {
    return config
      .map((part) => {
        if ('text' in part) return part.text;
        const value = variables[part.env] ?? '';
        if (value === '') {
          problems.add(`${part.env} is not set; the mapping uses it for the cluster "${cluster}"`);
        }
        return value;
      })
      .join('');
  };
  const clusters = mapping.clusters.map(({ name, brokers, ssl, sasl, ...declared }) => ({
    ...declared,
    name,
    brokers: brokers.flatMap((broker) => readAddresses(text(broker, name), broker, name, problems)),
    ssl: ssl === false ? null : ssl === true ? {} : resolveSsl(ssl, (config) => text(config, name)),
    sasl: sasl && { ...sasl, username: text(sasl.username, name), password: text(sasl.password, name) },
    topics: mapping.topicsOf(name),
    awaited: mapping.routes.some(({ cluster, ack }) => cluster === name && ack === 'kafka'),
  }));
  if (problems.size > 0) throw new MappingError('environment-incomplete', [...problems].join('\n'));
  return clusters;
}

/** A variable may hold several brokers, separated by commas. */
function readAddresses(
  addresses: string,
  config: ConfigText,
  cluster: string,
  problems: Set<string>,
): string[] {
  const list = addresses
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  const wrong = list.find((address) => !isBrokerAddress(address));
  if (wrong !== undefined) {
    const names = config.flatMap((part) => ('env' in part ? [part.env] : [])).join(', ');
    problems.add(`${names} gives the broker "${wrong}" for the cluster "${cluster}"; it must be host:port`);
  }
  return list;
}

function resolveSsl(ssl: SslDeclaration, text: (config: ConfigText) => string): ResolvedSsl {
  const { rejectUnauthorized, ca, cert, key, servername } = ssl;
  return {
    ...(ca && { ca: text(ca) }),
    ...(cert && { cert: text(cert) }),
    ...(key && { key: text(key) }),
    ...(servername && { servername: text(servername) }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}
