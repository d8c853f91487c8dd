import type { ConnectPacket } from '../wire/connect-packet.ts';
import { Faults, type Fault } from '../wire/fault.ts';
import type { ControlPacket } from '../wire/packet-reader.ts';

/**
 * What makes well-formed packets wrong at this point of their connection; null: nothing.
 * @param control null: packets of the common kinds
 * @param isChallenged the server waits for an AUTH before it says CONNACK
 */
export function outOfPlace(
  control: ControlPacket | null,
  connect: ConnectPacket | null,
  isChallenged: boolean,
): Fault | null {
  switch (control?.type) {
    case 'auth': {
      const method = connect?.authentication?.method;
      if (method === undefined) return Faults.AUTH_UNASKED;
      return control.packet.method === method ? null : Faults.AUTH_OTHER_METHOD;
    }
    case 'disconnect': {
      const { sessionExpiry = 0 } = control.packet;
      return sessionExpiry > 0 && connect?.sessionExpiry === 0 ? Faults.SESSION_EXPIRY : null;
    }
    default:
      return isChallenged ? Faults.AUTH_EXPECTED : null;
  }
}
