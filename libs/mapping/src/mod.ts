export { compileMapping, type CompileOptions, type CompileResult } from './compile-mapping.ts';
export { MappingError, type MappingErrorCode } from './errors.ts';
export type { MessageProperties } from './expression/properties-view.ts';
export type { Finding, Position } from './findings/finding.ts';
export { findingTable, type FindingCode, type Severity } from './findings/finding-table.ts';
export { formatFindings } from './findings/format-findings.ts';
export type { DecodeProperties } from './pipeline/current-message.ts';
export type { MappedMessage } from './pipeline/mapped-message.ts';
export { failureTable, type FailureCode } from './mapping-failure.ts';
export { Pipeline, type CacheStatistics, type PipelineOptions } from './pipeline/pipeline.ts';
export type { RecordSink, ReplaySink, RouteRef } from './pipeline/record-sink.ts';
export type { ClusterDeclaration, Delivery, SaslMechanism, TopicCreation } from './plan/cluster.ts';
export { Mapping, type Explanation } from './plan/mapping.ts';
export {
  resolveClusters,
  type EnvironmentVariables,
  type ResolvedCluster,
  type ResolvedSasl,
  type ResolvedSsl,
} from './plan/resolve-clusters.ts';
export type { Acknowledgement, ErrorPolicy, Route, UnmatchedPolicy } from './plan/route.ts';
export { runMappingTests, type MappingTestResult } from './tests/run-mapping-tests.ts';
export type { Difference } from './tests/differences.ts';
