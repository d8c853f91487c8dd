const LONG_NUMBER = /\d{16}/;

/**
 * JSON, with whole numbers that a double cannot hold as bigints, so that an id or a nanosecond time in a key
 * keeps its digits. @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const value: unknown = LONG_NUMBER.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
  return value;
}

/** The third argument has the digits as they were sent (JSON.parse source text access). */
function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}
