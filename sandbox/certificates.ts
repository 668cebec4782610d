import {
  createHash,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { isIP } from 'node:net';

/** PEM texts. */
export interface IssuedCertificate {
  readonly key: string;
  readonly cert: string;
}

/** Epoch milliseconds. */
export interface Validity {
  readonly from: number;
  readonly to: number;
}

/** A private certificate authority that lives as long as the process. */
export interface Authority {
  /** PEM. */
  readonly ca: string;
  /** A server certificate for these host names and IP addresses, valid for a day unless told otherwise. */
  issue(names: readonly string[], validity?: Validity): IssuedCertificate;
  /** An authority below this one. */
  intermediate(): Authority;
  /** This authority's key under its name, signed by another authority that nobody knows. PEM. */
  crossSigned(validity: Validity): string;
}

interface Request {
  readonly validity?: Validity | undefined;
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly extensions: readonly Buffer[];
}

const OID = {
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  authorityKeyIdentifier: '2.5.29.35',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
} as const;

const AUTHORITY_NAME = 'Sandbox Authority';
const DAY_MS = 86_400_000;

/** Makes an authority with a new P-256 key. Certificates as RFC 5280 lays them out. */
export const createAuthority = (): Authority => authority(AUTHORITY_NAME, null);

/** @param above who signs its certificate; `null`: it does so itself */
function authority(
  name: string,
  above: { readonly name: string; readonly key: KeyObject } | null,
): Authority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const usage = { keyCertSign: 0x06 };
  const extensions = [
    extension(OID.basicConstraints, sequence(boolean(true)), true),
    extension(OID.keyUsage, bits(Buffer.of(usage.keyCertSign), 1), true),
    extension(OID.subjectKeyIdentifier, der(0x04, keyIdentifier(publicKey))),
  ];
  const own = { subject: name, publicKey, extensions };
  return {
    ca: certificate({ ...own, issuer: above?.name ?? name, signer: above?.key ?? privateKey }),
    crossSigned(validity) {
      const { privateKey: signer } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return certificate({ ...own, validity, issuer: `Older ${name}`, signer });
    },
    intermediate: () => authority(`${name} Intermediate`, { name, key: privateKey }),
    issue(names, validity) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const cert = certificate({
        validity,
        issuer: name,
        subject: names[0] ?? 'localhost',
        publicKey: pair.publicKey,
        signer: privateKey,
        extensions: serverExtensions(names, publicKey),
      });
      return { key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
    },
  };
}

function serverExtensions(names: readonly string[], authorityKey: KeyObject): Buffer[] {
  const usage = { digitalSignature: 0x80 };
  return [
    extension(OID.basicConstraints, sequence(), true),
    extension(OID.keyUsage, bits(Buffer.of(usage.digitalSignature), 7), true),
    extension(OID.extendedKeyUsage, sequence(objectId(OID.serverAuth))),
    extension(OID.authorityKeyIdentifier, sequence(der(0x80, keyIdentifier(authorityKey)))),
    extension(OID.subjectAltName, sequence(...names.map(generalName))),
  ];
}

function keyIdentifier(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function certificate({ validity, issuer, subject, publicKey, signer, extensions }: Request): string {
  const algorithm = sequence(objectId(OID.ecdsaWithSha256));
  const version3 = der(0xa0, integer(Buffer.of(2)));
  const { from, to } = validity ?? { from: Date.now() - DAY_MS, to: Date.now() + DAY_MS };
  const body = sequence(
    version3,
    integer(Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    algorithm,
    distinguishedName(issuer),
    sequence(time(from), time(to)),
    distinguishedName(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', body, { key: signer, dsaEncoding: 'der' });
  return new X509Certificate(sequence(body, algorithm, bits(signature, 0))).toString();
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size);
  return size < 0x100 ? Buffer.of(0x81, size) : Buffer.of(0x82, size >> 8, size & 0xff);
}

function sequence(...contents: readonly Buffer[]): Buffer {
  return der(0x30, ...contents);
}

function integer(bigEndian: Buffer): Buffer {
  return der(0x02, bigEndian);
}

function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.of(value ? 0xff : 0x00));
}

function bits(content: Buffer, unused: number): Buffer {
  return der(0x03, Buffer.of(unused), content);
}

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/\.\d+/, '').replace(/[-:T]/g, '');
  return der(0x17, Buffer.from(digits.slice(2), 'latin1'));
}

function distinguishedName(commonName: string): Buffer {
  const attribute = sequence(objectId(OID.commonName), der(0x0c, Buffer.from(commonName, 'utf8')));
  return sequence(der(0x31, attribute));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(objectId(id), ...(critical ? [boolean(true)] : []), der(0x04, value));
}

function generalName(name: string): Buffer {
  if (isIP(name) === 0) return der(0x82, Buffer.from(name, 'latin1'));
  return der(0x87, isIP(name) === 4 ? Buffer.from(name.split('.').map(Number)) : ipv6Bytes(name));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const left = groups(head);
  const right = groups(tail ?? '');
  const zeros = new Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from(
    [...left, ...zeros, ...right].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]),
  );
}
