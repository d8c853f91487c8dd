import type { Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoDirectory } from '@tributary/contracts/proto';
import { protoPath as healthProto } from 'grpc-health-check';

/**
 * Lets grpcurl and the like discover the services.
 *
 * @param protos paths of .proto files below the proto folder of the contracts
 * @param services full names of the services to list
 */
export function addReflection(server: Server, protos: readonly string[], services: readonly string[]): void {
  const definitions = loadSync([healthProto, ...protos], { includeDirs: [protoDirectory], keepCase: true });
  new ReflectionService(definitions, { services: [...services] }).addToServer(server);
}
