import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const hmac = (key: Uint8Array, data: string): Buffer => createHmac('sha256', key).update(data).digest();

/** The client's side of SCRAM-SHA-256, written from RFC 5802 and not from our server. */
export class ScramClient {
  readonly first: string;
  readonly #bare: string;
  readonly #header: string;
  readonly #password: string;
  #message = '';
  #salted = Buffer.alloc(0);

  constructor(
    user: string,
    password: string,
    { header = 'n,,', nonce = randomBytes(12).toString('hex') } = {},
  ) {
    this.#password = password;
    this.#header = header;
    this.#bare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`;
    this.first = header + this.#bare;
  }

  /** The client-final-message. @param instead what to say and to prove in place of what is right */
  answer(serverFirst: string, instead: { header?: string; nonce?: string } = {}): string {
    const [, nonce = '', salt = '', iterations = ''] =
      /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
    this.#salted = pbkdf2Sync(this.#password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
    const clientKey = hmac(this.#salted, 'Client Key');
    const header = Buffer.from(instead.header ?? this.#header).toString('base64');
    const withoutProof = `c=${header},r=${instead.nonce ?? nonce}`;
    this.#message = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = hmac(createHash('sha256').update(clientKey).digest(), this.#message);
    const proof = clientKey.map((byte, index) => byte ^ signature[index]!);
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** What the server must say last. */
  get expected(): string {
    return `v=${hmac(hmac(this.#salted, 'Server Key'), this.#message).toString('base64')}`;
  }
}
