import type { Config } from '../config/config.ts';
import type { Finding } from '../rules/lint/finding.ts';
import { type LintInput, lint } from '../rules/lint/lint.ts';

/** What `lint` says of the configured accept list. */
export function listFindings(
  { accept, bitbucket, allowWrites }: Config,
  seen: Pick<LintInput, 'loaded' | 'isSet'>,
): Finding[] {
  const { origin, pathname } = new URL(bitbucket.baseUrl);
  const place = { origin, basePath: pathname.replace(/\/$/, '') };
  return lint({ ...seen, file: accept.path, text: accept.text, bitbucket: place, allowWrites });
}
