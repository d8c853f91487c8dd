import type { TopicPattern } from './topic-pattern.ts';

/** What a topic gives the names of a pattern that matches it. */
export interface TopicValues {
  readonly captures: Readonly<Record<string, string>>;
  /** What a trailing `#` stands for, without its leading slash; empty if the filter has none. */
  readonly rest: string;
}

/** Precondition: the pattern matches. */
export function topicValues(pattern: TopicPattern, levels: readonly string[]): TopicValues {
  const captures: Record<string, string> = {};
  for (const { name, level } of pattern.captures) captures[name] = levels[level] ?? '';
  return { captures, rest: pattern.open ? levels.slice(pattern.levels.length).join('/') : '' };
}
