import { MqttError } from '../errors.ts';
import { ReasonCode } from './reason-code.ts';

interface Refusal {
  accept: false;
  reason: number;
  detail?: string;
}

/**
 * What the host decides; a host that fails refuses, and is reported. Never rejects. That a connection ended in the
 * middle of an exchange is no failure of the host.
 */
export async function hostVerdict<Verdict extends { accept: boolean }>(
  ask: () => Promise<Verdict>,
  report: (error: unknown) => void,
): Promise<Verdict | Refusal> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof MqttError)) report(error);
    else if (error.code === 'packet-too-large') {
      return { accept: false, reason: ReasonCode.PACKET_TOO_LARGE, detail: error.message };
    } else if (error.code !== 'connection-ended') report(error);
    return { accept: false, reason: ReasonCode.UNSPECIFIED_ERROR, detail: 'internal error' };
  }
}
