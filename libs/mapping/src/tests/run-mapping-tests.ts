import type { MessageProperties } from '../expression/properties-view.ts';
import type { Position } from '../findings/finding.ts';
import type { MappedMessage } from '../pipeline/mapped-message.ts';
import type { Mapping } from '../plan/mapping.ts';
import { differences, type Difference } from './differences.ts';
import type { MappingTest, TestMessage } from './mapping-test.ts';
import { OutcomeSink, type Outcome } from './outcome.ts';

export interface MappingTestResult {
  readonly name: string;
  readonly at: Position;
  readonly path: string;
  readonly passed: boolean;
  /** One for each thing that is not as expected. */
  readonly differences: readonly Difference[];
}

const NO_PROPERTIES: MessageProperties = { userProperties: [] };
const SOME_BLOCK = new Uint8Array(1);
const EMPTY = new Uint8Array(0);

/** Runs the tests of a mapping file, each through the pipelines of all clusters. */
export function runMappingTests(mapping: Mapping): MappingTestResult[] {
  return mapping.tests.map((test) => {
    const found = differences(test, outcomeOf(mapping, test));
    return { name: test.name, at: test.at, path: test.path, passed: found.length === 0, differences: found };
  });
}

function outcomeOf(mapping: Mapping, { message }: MappingTest): Outcome {
  const sink = new OutcomeSink();
  // The properties of a test are given decoded; the block only tells that there are some.
  const decodeProperties = () => message.properties ?? NO_PROPERTIES;
  for (const { name } of mapping.clusters) {
    mapping.pipeline(name, { cacheBytes: 0, decodeProperties }).map(asMapped(message), sink);
  }
  return sink.outcome();
}

function asMapped(message: TestMessage): MappedMessage {
  return {
    topic: message.topic,
    payload: message.payload,
    qos: message.qos,
    retain: message.retain,
    clientId: message.client,
    clientIdBytes: Buffer.from(message.client, 'utf8'),
    receivedMs: message.receivedMs,
    properties: message.properties === null ? EMPTY : SOME_BLOCK,
    trace: EMPTY,
  };
}
