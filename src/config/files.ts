import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { parse as parseDotenv } from 'dotenv';
import { failureCode } from '../errors.ts';
import { processUser } from './process-user.ts';

/** A file's content, or the reason why there is none; the reason names the path. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string; readonly absent: boolean };

/** UTF-8. */
export function readText(path: string): Reading<string> {
  const file = readBytes(path);
  return file.ok ? { ok: true, value: file.value.toString('utf8') } : file;
}

/** A secret that stands alone in a file; a byte order mark and one line break at its end are not part of it. */
export function readSecret(path: string): Reading<string> {
  const file = readBytes(path);
  if (!file.ok) return file;
  try {
    const value = new TextDecoder('utf-8', { fatal: true }).decode(file.value).replace(/\r?\n$/, '');
    return value === '' ? unusable(`the file ${path} is empty`) : { ok: true, value };
  } catch {
    return unusable(`the file ${path} is not text in UTF-8`);
  }
}

function readBytes(path: string): Reading<Buffer> {
  try {
    return { ok: true, value: readFileSync(path) };
  } catch (error) {
    const code = failureCode(error);
    const reason = `the file ${path} cannot be read (${code})${explanation(path, code)}`;
    return { ok: false, reason, absent: code === 'ENOENT' };
  }
}

/** What a failure of reading means where the file is, with what is to be changed there. */
export function explanation(path: string, code: string): string {
  switch (code) {
    case 'ENOENT':
      return ': it is not there';
    case 'EISDIR':
      return ': it is a folder, as container engines make one where the file to be mounted is missing';
    case 'EACCES':
      return `: ${ownerOf(path)}, this process is user ${processUser() ?? 'another one'}`;
    default:
      return '';
  }
}

function ownerOf(path: string): string {
  try {
    const { uid, gid, mode } = statSync(path);
    return `it belongs to ${uid}:${gid} with mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
  } catch {
    return 'a folder above it is closed to this user';
  }
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
