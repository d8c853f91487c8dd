import {
  addPartitionsToTxnV3,
  createTopicsV7,
  describeConfigsV4,
  endTxnV3,
  fetchV12,
  findCoordinatorV4,
  initProducerIdV4,
  listOffsetsV7,
  metadataV9,
  produceV9,
  type API,
  type apiVersionsV3,
} from '@platformatic/kafka';
import { KafkaDriverError, KafkaErrorCode } from '../errors.ts';

/**
 * The one version of each request that is spoken. Brokers from 3.0 to the present 4.x have all of them (KIP-896 took away
 * older ones only), so there is nothing to negotiate, and one path to test.
 */
export const requests: {
  readonly Metadata: API<metadataV9.MetadataRequest, metadataV9.MetadataResponse>;
  readonly InitProducerId: API<
    initProducerIdV4.InitProducerIdRequest,
    initProducerIdV4.InitProducerIdResponse
  >;
  readonly FindCoordinator: API<
    findCoordinatorV4.FindCoordinatorRequest,
    findCoordinatorV4.FindCoordinatorResponse
  >;
  readonly AddPartitionsToTxn: API<
    addPartitionsToTxnV3.AddPartitionsToTxnRequest,
    addPartitionsToTxnV3.AddPartitionsToTxnResponse
  >;
  readonly EndTxn: API<endTxnV3.EndTxnRequest, endTxnV3.EndTxnResponse>;
  readonly ListOffsets: API<listOffsetsV7.ListOffsetsRequest, listOffsetsV7.ListOffsetsResponse>;
  readonly Fetch: API<fetchV12.FetchRequest, fetchV12.FetchResponse>;
  readonly CreateTopics: API<createTopicsV7.CreateTopicsRequest, createTopicsV7.CreateTopicsResponse>;
  readonly DescribeConfigs: API<
    describeConfigsV4.DescribeConfigsRequest,
    describeConfigsV4.DescribeConfigsResponse
  >;
} = {
  Metadata: metadataV9.api,
  InitProducerId: initProducerIdV4.api,
  FindCoordinator: findCoordinatorV4.api,
  AddPartitionsToTxn: addPartitionsToTxnV3.api,
  EndTxn: endTxnV3.api,
  ListOffsets: listOffsetsV7.api,
  Fetch: fetchV12.api,
  CreateTopics: createTopicsV7.api,
  DescribeConfigs: describeConfigsV4.api,
};

const spoken = [
  { key: produceV9.api.key, version: produceV9.api.version, name: 'Produce' },
  ...Object.entries(requests).map(([name, { key, version }]) => ({ key, version, name })),
];

/** Throws, naming every request the broker lacks. */
export function checkVersions(offered: readonly apiVersionsV3.ApiVersionsResponseApi[]): void {
  const lacking = spoken.filter(({ key, version }) => {
    const api = offered.find(({ apiKey }) => apiKey === key);
    return api === undefined || version < api.minVersion || version > api.maxVersion;
  });
  if (lacking.length === 0) return;
  const names = lacking.map(({ name, version }) => `${name} v${version}`).join(', ');
  throw new KafkaDriverError(`The broker does not speak ${names}: Apache Kafka 3.0 or newer is needed`, {
    code: KafkaErrorCode.unsupported,
  });
}
