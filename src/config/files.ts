import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parse as parseDotenv } from 'dotenv';

/** A file's content, or the reason why there is none; the reason names the path. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly absent: boolean };

/** UTF-8. */
export function readText(path: string): Reading<string> {
  try {
    return { ok: true, value: readFileSync(path, 'utf8') };
  } catch (error) {
    const code =
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'UNKNOWN';
    return { ok: false, reason: `the file ${path} cannot be read (${code})`, absent: code === 'ENOENT' };
  }
}

/** A secret that stands alone in a file; one line break at its end is not part of it. */
export function readSecret(path: string): Reading<string> {
  const file = readText(path);
  if (!file.ok) return file;
  const value = file.value.replace(/\r?\n$/, '');
  return value === '' ? unusable(`the file ${path} is empty`) : { ok: true, value };
}

/** The variables of a `.env` file; none when there is no such file. */
export function readDotenv(path: string): Reading<Record<string, string>> {
  const file = readText(path);
  if (file.ok) return { ok: true, value: parseDotenv(file.value) };
  return file.absent ? { ok: true, value: {} } : file;
}

/** The certificates of a PEM file, one text each; at least one. */
export function readCertificates(path: string): Reading<string[]> {
  const file = readText(path);
  if (!file.ok) return file;
  const blocks = file.value.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return unusable(`the file ${path} holds no certificate in PEM form`);
  const broken = blocks.findIndex((block) => certificate(block) === null);
  if (broken >= 0) return unusable(`certificate ${broken + 1} in the file ${path} cannot be read`);
  return { ok: true, value: blocks };
}

/** A private key without passphrase in PEM form that belongs to the first certificate. */
export function readPrivateKey(path: string, certificates: readonly string[]): Reading<string> {
  const file = readText(path);
  if (!file.ok) return file;
  const leaf = certificate(certificates[0] ?? '');
  try {
    const key = createPrivateKey(file.value);
    if (leaf?.checkPrivateKey(key) === false)
      return unusable(`the key in ${path} does not belong to the certificate`);
    return { ok: true, value: file.value };
  } catch {
    return unusable(`the file ${path} holds no private key in PEM form without passphrase`);
  }
}

function certificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

function unusable(reason: string): Reading<never> {
  return { ok: false, reason, absent: false };
}
