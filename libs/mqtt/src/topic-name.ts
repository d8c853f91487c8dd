/**
 * Topic names (MQTT 5, 4.7): what a PUBLISH carries. Returns null if `topic` is one, else what is wrong, with the
 * clause.
 */
export function topicNameProblem(topic: string): string | null {
  if (topic.length === 0) return 'a topic name has at least one character [MQTT-4.7.3-1]';
  const problem = textProblem(topic);
  if (problem !== null) return problem;
  for (let at = 0; at < topic.length; at++) {
    const code = topic.charCodeAt(at);
    if (code === HASH || code === PLUS) {
      return `a topic name has no wildcards [MQTT-3.3.2-2]: ${topic[at]} at ${at}`;
    }
  }
  return null;
}

export const SLASH = 0x2f;
export const PLUS = 0x2b;
export const HASH = 0x23;
export const DOLLAR = 0x24;

/** Largest string MQTT can carry, in bytes of UTF-8 (1.5.4). */
const MAX_STRING_BYTES = 65535;

/** What makes `text` no MQTT string at all: its length, U+0000, or half a surrogate pair. */
export function textProblem(text: string): string | null {
  if (text.length * 3 > MAX_STRING_BYTES && Buffer.byteLength(text) > MAX_STRING_BYTES) {
    return `longer than ${MAX_STRING_BYTES} bytes [MQTT-4.7.3-3]`;
  }
  if (text.includes('\0')) return 'U+0000 is not allowed [MQTT-4.7.3-2]';
  return text.isWellFormed() ? null : 'not well-formed Unicode [MQTT-1.5.4-1]';
}
