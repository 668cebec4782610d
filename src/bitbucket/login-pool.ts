import type { Log } from '../log.ts';
import type { Credential, Login } from './send.ts';

/** A credential that Bitbucket did not know rests for so long: it may be a password that is being changed. */
const REST_MS = 5 * 60_000;

/** Credentials in turn. One that is no login any more rests and is reported; the last one never rests. */
export class LoginPool implements Login {
  readonly #credentials: readonly Credential[];
  readonly #log: Log;
  readonly #now: () => number;
  readonly #restsUntil = new Map<Credential, number>();
  #turn = 0;

  /** @param credentials at least one */
  constructor(credentials: readonly Credential[], log: Log, now: () => number = Date.now) {
    this.#credentials = credentials;
    this.#log = log;
    this.#now = now;
  }

  next(): Credential {
    const count = this.#credentials.length;
    for (let step = 0; step < count; step += 1) {
      const credential = this.#at(this.#turn + step);
      if (this.#resting(credential)) continue;
      this.#turn = (this.#turn + step + 1) % count;
      return credential;
    }
    return this.#at(this.#turn);
  }

  reject(credential: Credential): Credential | null {
    const others = this.#credentials.filter((other) => other !== credential && !this.#resting(other));
    const rests = others.length > 0;
    if (!this.#resting(credential)) {
      this.#log.warn('Bitbucket refused a login', {
        credential: credential.name,
        restsForMs: rests ? REST_MS : 0,
        hint: 'Check that this user or token exists, is not expired and is licensed for Bitbucket.',
      });
    }
    if (!rests) return null;
    this.#restsUntil.set(credential, this.#now() + REST_MS);
    return this.next();
  }

  #resting(credential: Credential): boolean {
    const until = this.#restsUntil.get(credential);
    return until !== undefined && until > this.#now();
  }

  #at(index: number): Credential {
    return this.#credentials[index % this.#credentials.length] as Credential;
  }
}
