/** Characters that are mapped to nothing (RFC 3454, table B.1). */
const IGNORED = /[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g;

/** Spaces that are mapped to the one of ASCII (RFC 3454, table C.1.2). */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;

/**
 * A user name or password as SASL compares them (RFC 4013): spaces and invisible characters are mapped, and what looks
 * the same is made the same (NFKC). The prohibitions are left out: who set a password may have it.
 */
export function saslPrepare(text: string): string {
  return text.replace(IGNORED, '').replace(SPACES, ' ').normalize('NFKC');
}
