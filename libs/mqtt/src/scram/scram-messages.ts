import { isUtf8 } from 'node:buffer';

/** What a client begins with (RFC 5802, 7: client-first-message). */
export interface ClientFirst {
  /** `n,,` or `y,,`: no channel binding, and maybe whom the client wants to act for. */
  gs2Header: string;
  /** The message without it; part of what is proved. */
  bare: string;
  user: string;
  /** Whom the client wants to act for; empty: itself. */
  authorization: string;
  nonce: string;
}

/** What it ends with (client-final-message). */
export interface ClientFinal {
  withoutProof: string;
  /** The GS2 header again, so that nobody in between can have changed it. */
  binding: string;
  nonce: string;
  proof: Buffer;
}

const FIRST = /^([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s;
const FINAL = /^(c=([A-Za-z0-9+/]+=*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[^]*)?),p=([A-Za-z0-9+/]+=*)$/;

/** A string says what is wrong. */
export function parseClientFirst(data: Uint8Array): ClientFirst | string {
  if (!isUtf8(data)) return 'the first message is not UTF-8';
  const text = Buffer.from(data).toString('utf8');
  if (text.startsWith('p=')) return 'channel binding is not offered';
  if (/^[ny],[^,]*,m=/.test(text)) return 'an extension that must be understood is not';
  const match = FIRST.exec(text);
  if (match === null) return 'the first message is not as in RFC 5802';
  const [, gs2Header = '', givenAuthorization = '', bare = '', givenUser = '', nonce = ''] = match;
  const user = readName(givenUser);
  const authorization = readName(givenAuthorization);
  if (user === null || authorization === null) return 'a name has = that is neither =2C nor =3D';
  return { gs2Header, bare, user, authorization, nonce };
}

/** A string says what is wrong. */
export function parseClientFinal(data: Uint8Array): ClientFinal | string {
  const match = isUtf8(data) ? FINAL.exec(Buffer.from(data).toString('utf8')) : null;
  if (match === null) return 'the final message is not as in RFC 5802';
  const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match;
  return {
    withoutProof,
    binding: Buffer.from(binding, 'base64').toString('utf8'),
    nonce,
    proof: Buffer.from(proof, 'base64'),
  };
}

/** `=2C` stands for a comma and `=3D` for an equals sign; null if there is another `=`. */
function readName(text: string): string | null {
  if (/=(?!2C|3D)/.test(text)) return null;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
