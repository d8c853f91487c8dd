import type { Duplex } from 'node:stream';
import { BaseEngine } from '../engine/base-engine.ts';
import { engineOptions, type EngineOptions } from '../engine/engine-options.ts';
import type { EngineHost, MqttEngine, StreamInfo } from '../engine/mqtt-engine.ts';
import { NativeConnection } from './native-connection.ts';

/**
 * An engine of our own: a state machine per connection, and packets as slices of the socket's buffer.
 * @throws MqttError 'invalid-option'
 */
export function createNativeEngine<Context>(
  host: EngineHost<Context>,
  options: Partial<EngineOptions> = {},
): MqttEngine {
  return new NativeEngine(host, engineOptions(options));
}

class NativeEngine<Context> extends BaseEngine<Context> {
  readonly name = 'native';

  protected override connection(id: number, stream: Duplex, info: StreamInfo): NativeConnection<Context> {
    return new NativeConnection(id, stream, info, this);
  }
}
