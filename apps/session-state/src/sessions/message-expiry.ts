import type { RowView } from '@tributary/contracts';
import { messageExpiryOf } from '@tributary/mqtt';

/** When a message expires (MQTT 5, 3.3.2.3.3), milliseconds since the epoch; 0: never. */
export function expiryOf({ properties, receivedMs }: RowView): number {
  const seconds = messageExpiryOf(properties);
  return seconds === undefined ? 0 : receivedMs + seconds * 1_000;
}
