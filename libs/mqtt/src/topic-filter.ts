import { DOLLAR, HASH, PLUS, SLASH, textProblem } from './topic-name.ts';

const SHARE_PREFIX = '$share/';

/** A subscription's filter, taken apart. `share` is the name in `$share/{name}/{filter}` (4.8.2). */
export interface ParsedTopicFilter {
  /** What topics are matched against: without `$share/{name}/`. */
  filter: string;
  share: string | undefined;
}

/** Returns null if `text` is a topic filter a client may subscribe to (4.7, 4.8.2), else what is wrong. */
export function topicFilterProblem(text: string): string | null {
  if (text.length === 0) return 'a topic filter has at least one character [MQTT-4.7.3-1]';
  const problem = textProblem(text);
  if (problem !== null) return problem;
  if (!text.startsWith(SHARE_PREFIX)) return wildcardProblem(text, 0);
  const slash = text.indexOf('/', SHARE_PREFIX.length);
  const name = text.slice(SHARE_PREFIX.length, slash < 0 ? undefined : slash);
  if (name.length === 0) return 'the share name is empty [MQTT-4.8.2-1]';
  if (name.includes('+') || name.includes('#')) return 'a share name has no wildcards [MQTT-4.8.2-1]';
  if (slash < 0 || slash === text.length - 1) return 'no topic filter follows the share name [MQTT-4.8.2-2]';
  return wildcardProblem(text, slash + 1);
}

function wildcardProblem(text: string, start: number): string | null {
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== HASH && code !== PLUS) continue;
    const startsLevel = at === start || text.charCodeAt(at - 1) === SLASH;
    if (code === HASH && (!startsLevel || at !== text.length - 1)) {
      return `# stands alone in the last level [MQTT-4.7.1-1]: at ${at}`;
    }
    if (code === PLUS && (!startsLevel || (at + 1 < text.length && text.charCodeAt(at + 1) !== SLASH))) {
      return `+ stands alone in its level [MQTT-4.7.1-2]: at ${at}`;
    }
  }
  return null;
}

export function isSharedFilter(text: string): boolean {
  return text.startsWith(SHARE_PREFIX);
}

/** Takes apart a filter that {@link topicFilterProblem} found valid. */
export function parseTopicFilter(text: string): ParsedTopicFilter {
  if (!isSharedFilter(text)) return { filter: text, share: undefined };
  const slash = text.indexOf('/', SHARE_PREFIX.length);
  return { filter: text.slice(slash + 1), share: text.slice(SHARE_PREFIX.length, slash) };
}

/** Levels of a topic name or filter: one more than its slashes. */
export function topicLevels(text: string): number {
  let levels = 1;
  for (let at = text.indexOf('/'); at >= 0; at = text.indexOf('/', at + 1)) levels++;
  return levels;
}

/**
 * Whether a filter (without `$share/{name}/`) matches a topic name (4.7.1, 4.7.2). One pass, no allocation. A wildcard
 * in the first level does not match a topic that begins with $ [MQTT-4.7.2-1].
 */
export function matchesTopic(filter: string, topic: string): boolean {
  const first = filter.charCodeAt(0);
  if (topic.charCodeAt(0) === DOLLAR && (first === PLUS || first === HASH)) return false;
  let f = 0;
  let t = 0;
  while (f < filter.length) {
    const code = filter.charCodeAt(f);
    if (code === HASH) return true;
    if (code === PLUS) {
      f++;
      while (t < topic.length && topic.charCodeAt(t) !== SLASH) t++;
      continue;
    }
    if (t === topic.length) {
      // 'sport/#' matches its parent 'sport' (4.7.1.2).
      return code === SLASH && f + 2 === filter.length && filter.charCodeAt(f + 1) === HASH;
    }
    if (code !== topic.charCodeAt(t)) return false;
    f++;
    t++;
  }
  return t === topic.length;
}
