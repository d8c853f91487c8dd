import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { DemoError, reasonOf } from '../errors.ts';

/** One message as it was recorded. */
export interface RecordedMessage {
  /** When a subscriber received it, milliseconds since the epoch. */
  readonly atMs: number;
  readonly topic: string;
  readonly payload: string;
}

/** Bad lines that are named before the rest is only counted. */
const SHOWN = 5;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

/**
 * Reads a recording, plain or compressed with gzip, whatever its name. Messages come in order of `at`.
 * Errors: `recording`, naming the file, and the line and reason of what is wrong in it.
 */
export function readRecording(path: string): RecordedMessage[] {
  let text: string;
  try {
    const bytes = readFileSync(path);
    const compressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    text = (compressed ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (cause) {
    throw new DemoError('recording', `${path} cannot be read: ${reasonOf(cause)}`, { cause });
  }
  return parseRecording(text, path);
}

/** @param source name of the file, for errors */
export function parseRecording(text: string, source: string): RecordedMessage[] {
  const messages: RecordedMessage[] = [];
  const problems: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') problems.push(`${source}:${i + 1}: ${parsed}`);
    else messages.push(parsed);
  }
  if (problems.length > 0) {
    const more = problems.length - SHOWN;
    throw new DemoError(
      'recording',
      [
        ...problems.slice(0, SHOWN),
        ...(more > 0 ? [`and ${more} more bad lines`] : []),
        'A line is {"at": "<ISO time>", "topic": "...", "payload": "<text>"}.',
      ].join('\n'),
    );
  }
  if (messages.length === 0) throw new DemoError('recording', `${source} holds no messages`);
  return messages.sort((a, b) => a.atMs - b.atMs);
}

/** @returns what is wrong with the line, if something is */
function parseLine(line: string): RecordedMessage | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `not JSON: ${reasonOf(error)}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'not a JSON object';
  const { at, topic, payload } = value as Record<string, unknown>;
  if (typeof at !== 'string') return `"at" is ${nameOf(at)}, not a text`;
  const atMs = TIME.test(at) ? Date.parse(at) : Number.NaN;
  if (Number.isNaN(atMs)) return `"at" is no ISO time with a zone: ${JSON.stringify(at)}`;
  if (typeof topic !== 'string') return `"topic" is ${nameOf(topic)}, not a text`;
  const refusal = topicRefusal(topic);
  if (refusal !== undefined) return `"topic" ${refusal}: ${JSON.stringify(topic.slice(0, 100))}`;
  if (typeof payload !== 'string') return `"payload" is ${nameOf(payload)}, not a text`;
  return { atMs, topic, payload };
}

// [MQTT-3.3.2-2], [MQTT-4.7.3-1] to [MQTT-4.7.3-3]; servers keep $-topics for themselves [MQTT-4.7.2-1].
function topicRefusal(topic: string): string | undefined {
  if (topic === '') return 'is empty';
  if (/[+#]/.test(topic)) return 'contains a wildcard';
  if (topic.includes('\0')) return 'contains NUL';
  if (topic.startsWith('$')) return 'begins with $';
  if (Buffer.byteLength(topic) > 65_000) return 'is too long';
  return undefined;
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'an object'
        : `a ${typeof value}`;
}
