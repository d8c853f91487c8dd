import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentials, status } from '@grpc/grpc-js';
import { MappingServiceClient, MappingServiceService } from '@tributary/contracts/control';
import type { MappingServiceServer } from '@tributary/contracts/control';
import { RpcError, unary } from '../../src/mod.ts';
import { startLocalService } from '../local-service.ts';
import type { LocalService } from '../local-service.ts';
import { bufCurl } from './buf-curl.ts';

const mapping = 'tributary.control.v1.MappingService';

/** A service with a MappingService of which only GetVersion answers. */
function startWithMapping(): Promise<LocalService> {
  return startLocalService({
    grpc: [mapping],
    start(service) {
      const refuse = unary<unknown, never>(service.log, () => {
        throw new Error('a detail nobody outside should see');
      });
      const server: MappingServiceServer = {
        validate: refuse,
        apply: refuse,
        getActive: refuse,
        history: refuse,
        getVersion: unary(service.log, ({ version }) => {
          if (version > 3) throw new RpcError(status.NOT_FOUND, `no mapping version ${version}`);
          return { version: undefined, text: `version: ${version}` };
        }),
      };
      service.addGrpcService(MappingServiceService, server);
    },
  });
}

async function healthOf(address: string, service: string): Promise<string> {
  return bufCurl(address, '/grpc.health.v1.Health/Check', '--data', JSON.stringify({ service }));
}

test('gRPC health follows readiness, for the server and for each service', async () => {
  await using local = await startWithMapping();
  for (const service of ['', 'tributary.admin.v1.Admin', mapping]) {
    assert.match(await healthOf(local.grpc, service), /"SERVING"/);
  }
  local.service.health.set('nats', false, 'away');
  for (const service of ['', 'tributary.admin.v1.Admin', mapping]) {
    assert.match(await healthOf(local.grpc, service), /"NOT_SERVING"/);
  }
  await assert.rejects(healthOf(local.grpc, 'no.such.Service'), /not_found/);
});

test('a client that knows nothing finds the services and their methods by reflection', async () => {
  await using local = await startWithMapping();
  const services = await bufCurl(local.grpc, '', '--list-services');
  assert.deepEqual(services.trim().split('\n').toSorted(), [
    'grpc.health.v1.Health',
    'tributary.admin.v1.Admin',
    mapping,
  ]);
  const status = await bufCurl(local.grpc, '/tributary.admin.v1.Admin/Status', '--data', '{}');
  assert.match(status, /"service": *"local"/);
  const refused = bufCurl(local.grpc, `/${mapping}/GetVersion`, '--data', '{"version": 9}');
  await assert.rejects(refused, /no mapping version 9/);
});

test('an RpcError is its status; anything else is INTERNAL for the caller and an error in the log', async () => {
  await using local = await startWithMapping();
  const client = new MappingServiceClient(local.grpc, credentials.createInsecure());
  try {
    const version = (number: number): Promise<string> =>
      new Promise((resolve, reject) => {
        client.getVersion({ version: number }, (error, answer) =>
          error ? reject(error) : resolve(answer.text),
        );
      });
    assert.equal(await version(2), 'version: 2');
    await assert.rejects(version(9), { code: status.NOT_FOUND, details: 'no mapping version 9' });
    await assert.rejects(new Promise((_, reject) => client.getActive({}, reject)), {
      code: status.INTERNAL,
      details: 'internal error, see the log of the service',
    });
    assert.ok(local.log.some((line) => line.includes('a detail nobody outside should see')));
  } finally {
    client.close();
  }
});
