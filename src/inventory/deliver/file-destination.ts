import { accessSync, constants, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError, failureCode } from '../../errors.ts';
import { makePrivateFolder } from '../../state/private-folder.ts';
import type { EntityType } from '../entity.ts';
import type { Destination } from './destination.ts';

const BATCHES = 'batches.ndjson';
const RESOURCES: Readonly<Record<EntityType, string>> = {
  user: 'users.ndjson',
  repository: 'repositories.ndjson',
};

/**
 * Writes what would leave: each body as one line of `batches.ndjson`, each resource as one line of `users.ndjson` or
 * `repositories.ndjson`. Files that are there from an earlier time are begun anew with the first batch.
 *
 * @throws AgentError `DESTINATION_REFUSED` when the folder cannot be written
 */
export function fileDestination(folder: string): Destination {
  const refused = (cause: unknown) =>
    new AgentError('DESTINATION_REFUSED', `${folder} cannot be written (${failureCode(cause)}).`, {
      cause,
      hint: 'Give --out a folder that this user may write to, on a disk with space.',
    });
  try {
    makePrivateFolder(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw refused(error);
  }
  let begun = false;
  const begin = () => {
    begun = true;
    for (const file of [BATCHES, ...Object.values(RESOURCES)]) {
      writeFileSync(join(folder, file), '', { mode: 0o600 });
    }
  };
  return {
    path: BATCHES,
    name: folder,
    async send({ body }) {
      const text = body.toString('utf8');
      const { data } = JSON.parse(text) as { data: readonly { readonly type: EntityType }[] };
      const linesOf = (type: EntityType) =>
        data.filter((resource) => resource.type === type).map((resource) => `${JSON.stringify(resource)}\n`);
      try {
        if (!begun) begin();
        await appendFile(join(folder, BATCHES), `${text}\n`);
        for (const type of ['user', 'repository'] as const) {
          await appendFile(join(folder, RESOURCES[type]), linesOf(type).join(''));
        }
      } catch (error) {
        throw refused(error);
      }
      return { status: 202, text: '', retryAfterMs: null };
    },
    refusal: () => null,
  };
}
