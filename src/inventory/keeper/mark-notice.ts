import * as z from 'zod';
import { shownText } from '../../shown-text.ts';
import type { Place } from '../ledger/ledger.ts';
import { nameOf, sourceIdOf } from '../normalise/raw.ts';
import { LONGEST_NAME } from '../repository-event.ts';

/** Repositories in one notice at most. */
export const MOST_PLACES = 1_000;
export const LARGEST_NOTICE_BYTES = 512 * 1024;

const name = z
  .string()
  .refine((text) => nameOf(text) === text && text.length <= LONGEST_NAME, 'is no name of Bitbucket');

const notice = z.strictObject({
  repositories: z
    .array(
      z.strictObject({
        id: z.number().refine((id) => sourceIdOf(id) === id, 'is no id of Bitbucket'),
        project_key: name,
        slug: name,
      }),
    )
    .max(MOST_PLACES),
});

/** Repositories that webhooks have marked, as one agent tells another of them. */
export const noticeOf = (places: readonly Place[]): string =>
  JSON.stringify({
    repositories: places.map(({ sourceId, projectKey, slug }) => ({
      id: sourceId,
      project_key: projectKey,
      slug,
    })),
  } satisfies z.input<typeof notice>);

/** What a notice names, or why it is none, in words that can be shown. */
export function readNotice(body: Buffer): readonly Place[] | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return 'is not JSON in UTF-8';
  }
  const outcome = notice.safeParse(value);
  if (!outcome.success) return flawOf(outcome.error);
  return outcome.data.repositories.map(({ id, project_key: projectKey, slug }) => ({
    sourceId: id,
    projectKey,
    slug,
  }));
}

function flawOf({ issues: [issue] }: z.ZodError): string {
  const at = issue?.path.join('.') ?? '';
  return shownText(`${at === '' ? 'the notice' : at}: ${issue?.message ?? 'is not valid'}`, 200);
}
