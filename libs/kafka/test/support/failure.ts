import assert from 'node:assert/strict';
import { KafkaDriverError } from '../../src/mod.ts';

/** The error a promise rejects with; it has to be one of ours. */
export async function failure(promise: Promise<unknown>): Promise<KafkaDriverError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof KafkaDriverError, String(error));
    return error;
  }
  return assert.fail('it did not fail');
}
