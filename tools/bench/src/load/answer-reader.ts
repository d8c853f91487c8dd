/** CONNACK, PUBACK, PUBREC and PUBCOMP of MQTT 3.1.1 are all four bytes long: type, 2, and two of their own. */
const ANSWER_BYTES = 4;

/** Cuts what a server sends to one publishing client into its answers; a packet may come in pieces. */
export class AnswerReader {
  #pending = 0;
  #held = 0;

  /**
   * Calls `answer` with type (upper four bits of the first byte) and packet id (CONNACK: flags and code) of each packet that
   * is complete. False if the server sent something that is none of these answers.
   */
  read(bytes: Uint8Array, length: number, answer: (type: number, packetId: number) => void): boolean {
    let at = 0;
    if (this.#held === 0) {
      for (; at + ANSWER_BYTES <= length; at += ANSWER_BYTES) {
        if (bytes[at + 1] !== 2) return false;
        answer(bytes[at]! >> 4, (bytes[at + 2]! << 8) | bytes[at + 3]!);
      }
    }
    for (; at < length; at++) {
      this.#pending = (this.#pending << 8) | bytes[at]!;
      if (++this.#held < ANSWER_BYTES) continue;
      const packet = this.#pending;
      this.#held = 0;
      if (((packet >>> 16) & 255) !== 2) return false;
      answer(packet >>> 28, packet & 0xffff);
    }
    return true;
  }
}
