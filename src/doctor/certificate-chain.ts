import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { NetworkConfig } from '../config/config.ts';

/** What a server showed of itself. Names are as the certificates have them: not safe to show. */
export interface Chain {
  readonly subject: string;
  readonly issuer: string;
  /** The names and addresses it is for. */
  readonly names: string;
  /** Where the chain ends. */
  readonly root: string;
  /** Epoch milliseconds of the first end of validity in the chain, and whose it is. */
  readonly ends: number;
  readonly first: string;
  /** The private authority that makes it trusted; `null`: a public one, or none. */
  readonly authority: string | null;
  readonly protocol: string | null;
  /** OpenSSL's or Node's code of what is wrong with it. */
  readonly error: string | null;
}

/** More certificates than this are in no chain. */
const LONGEST = 10;

/**
 * Takes apart what the server has shown; a socket that Node has authorised has no error. What has expired in a chain that
 * is trusted all the same was not needed: servers send old cross-signed certificates along.
 *
 * @param now epoch milliseconds
 */
export function chainOf(socket: TLSSocket, { extraCa }: NetworkConfig, now: number): Chain {
  const certificates = certificatesOf(socket);
  const [leaf] = certificates;
  if (leaf === undefined) throw Object.assign(new Error('no certificate'), { code: 'NO_CERTIFICATE' });
  const root = certificates.at(-1) ?? leaf;
  const isRoot = (one: DetailedPeerCertificate) => one === root && one !== leaf && isSelfIssued(one);
  const needless = (one: DetailedPeerCertificate) => socket.authorized && one !== leaf && endOf(one) <= now;
  const ending = certificates
    .filter((one) => !isRoot(one) && !needless(one))
    .reduce((soonest, one) => (endOf(one) < endOf(soonest) ? one : soonest));
  const own = new Set(extraCa.map((pem) => new X509Certificate(pem).fingerprint256));
  const authority = certificates.find(({ fingerprint256 }) => own.has(fingerprint256));
  return {
    subject: nameOf(leaf.subject),
    issuer: nameOf(leaf.issuer),
    names: leaf.subjectaltname ?? nameOf(leaf.subject),
    root: nameOf(isSelfIssued(root) ? root.subject : root.issuer),
    ends: endOf(ending),
    first: nameOf(ending.subject),
    authority: socket.authorized && authority !== undefined ? nameOf(authority.subject) : null,
    protocol: socket.getProtocol(),
    error: errorOf(socket),
  };
}

function certificatesOf(socket: TLSSocket): DetailedPeerCertificate[] {
  const found: DetailedPeerCertificate[] = [];
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at?.raw !== undefined && !found.includes(at) && found.length < LONGEST) {
    found.push(at);
    at = at.issuerCertificate;
  }
  return found;
}

function errorOf(socket: TLSSocket): string | null {
  if (socket.authorized) return null;
  // Declared as an Error; Node 24 has its code there.
  const error: unknown = socket.authorizationError;
  return typeof error === 'string' ? error : 'UNKNOWN';
}

const endOf = ({ valid_to: end }: DetailedPeerCertificate): number => Date.parse(end);

const isSelfIssued = ({ subject, issuer }: DetailedPeerCertificate): boolean =>
  nameOf(subject) === nameOf(issuer);

/** The common name, or the organisation of one that has none. */
function nameOf(name: DetailedPeerCertificate['subject'] | undefined): string {
  const text = name?.CN ?? name?.O ?? '';
  const shown = Array.isArray(text) ? text.join(', ') : text;
  return shown === '' ? 'a nameless certificate' : shown;
}
