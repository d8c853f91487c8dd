import { ConfigResourceTypes, type describeConfigsV4 } from '@platformatic/kafka';
import { brokerError, KafkaDriverError } from '../errors.ts';
import type { ClusterClient } from '../wire/cluster-client.ts';
import { requests } from '../wire/versions.ts';
import { answerOf } from '../wire/wire-errors.ts';

/** All settings of a topic that have a value. */
export async function topicSettings(
  client: ClusterClient,
  topic: string,
): Promise<ReadonlyMap<string, string>> {
  const { results } = await ask(client, topic);
  const result = results[0];
  if (result === undefined) throw brokerError(-1, { topic });
  if (result.errorCode !== 0) {
    throw brokerError(result.errorCode, { topic, detail: result.errorMessage ?? undefined });
  }
  const settings = new Map<string, string>();
  for (const { name, value } of result.configs)
    if (value !== null && value !== undefined) settings.set(name, value);
  return settings;
}

async function ask(client: ClusterClient, topic: string): Promise<describeConfigsV4.DescribeConfigsResponse> {
  const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: null };
  try {
    return await client.toAny(requests.DescribeConfigs, [resource], false, false);
  } catch (error) {
    const answer = error instanceof KafkaDriverError ? answerOf(error.cause) : undefined;
    if (answer === undefined) throw error;
    return answer as describeConfigsV4.DescribeConfigsResponse;
  }
}
