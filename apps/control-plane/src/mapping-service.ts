import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { MappingRecord } from '@tributary/contracts';
import {
  Severity,
  type Finding as FindingMessage,
  type MappingServiceServer,
  type MappingVersion,
} from '@tributary/contracts/control';
import { LogError } from '@tributary/log';
import { compileMapping, type Finding } from '@tributary/mapping';
import { RpcError, unary, type Log } from '@tributary/service';
import type { Metrics } from '@tributary/telemetry';
import type { MappingStore } from './mapping-store.ts';

const DEFAULT_HISTORY = 50;
const MAX_HISTORY = 1_000;

/** `tributary.control.v1.MappingService` over the store. */
export function mappingService(store: MappingStore, log: Log, metrics: Metrics): MappingServiceServer {
  return {
    validate: unary(log, ({ text }) => {
      const compiled = compileMapping(text);
      metrics
        .counter('tributary_control_validations_total', { result: compiled.ok ? 'valid' : 'invalid' })
        .add();
      return {
        valid: compiled.ok,
        findings: (compiled.ok ? compiled.warnings : compiled.findings).map(message),
      };
    }),
    apply: unary(log, async ({ text, source, author, comment, expectedVersion }) => {
      try {
        const result = await store.apply({ text, source, author, comment, expectedVersion });
        const { outcome, version, findings } = result;
        metrics.counter('tributary_control_applies_total', { result: outcome }).add();
        log.info({ outcome, version, source, author, findings: findings.length }, 'mapping offered');
        const applied = outcome !== 'refused';
        return { applied, version, unchanged: outcome === 'unchanged', findings: findings.map(message) };
      } catch (error) {
        metrics.counter('tributary_control_applies_total', { result: 'failed' }).add();
        throw asRpcError(error);
      }
    }),
    getActive: unary(log, async () => {
      const record = await store.active();
      if (record === null) throw new RpcError(status.NOT_FOUND, 'no mapping was applied yet');
      return { version: versionOf(record), text: record.text };
    }),
    getVersion: unary(log, async ({ version }) => {
      const record = await store.version(version);
      if (record === null) throw new RpcError(status.NOT_FOUND, `there is no mapping version ${version}`);
      return { version: versionOf(record), text: record.text };
    }),
    history: unary(log, async ({ limit, before }) => {
      const records = await store.history(before, Math.min(limit || DEFAULT_HISTORY, MAX_HISTORY));
      return { versions: records.map(versionOf) };
    }),
  };
}

function asRpcError(error: unknown): unknown {
  if (!(error instanceof LogError)) return error;
  // What somebody must change first, be it the caller's knowledge of the version or a stream, is no good to retry.
  const code = error.retryable ? status.UNAVAILABLE : status.FAILED_PRECONDITION;
  return new RpcError(code, error.message, { cause: error });
}

function message({ severity, line, column, code, path, message, suggestion }: Finding): FindingMessage {
  const level = severity === 'error' ? Severity.ERROR : Severity.WARNING;
  return { severity: level, line, column, code, path, message, suggestion };
}

function versionOf({
  version,
  text,
  source,
  appliedBy,
  comment,
  appliedAtMs,
}: MappingRecord): MappingVersion {
  const digest = createHash('sha256').update(text, 'utf8').digest('hex');
  return { version, applied: new Date(appliedAtMs), source, author: appliedBy, comment, digest };
}
