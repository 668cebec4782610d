import type { Enrichment } from '../entity.ts';
import type { Database } from './database.ts';

/** The kept enrichment of repositories, for those who only look. */
export function enrichmentLookup(
  db: Database,
): (sourceIds: readonly number[]) => ReadonlyMap<number, Enrichment> {
  const query = db.query<{ id: number; enrichment: string }>(
    'SELECT id, enrichment FROM enrichment WHERE id IN (SELECT value FROM json_each(?))',
  );
  return (sourceIds) =>
    new Map(query.all(JSON.stringify(sourceIds)).map(({ id, enrichment }) => [id, JSON.parse(enrichment)]));
}

/** What the second pass has read. All calls belong into a transaction of the ledger. */
export class EnrichmentTable {
  readonly lookup: ReturnType<typeof enrichmentLookup>;
  readonly #put;
  readonly #forget;
  readonly #clear;

  constructor(db: Database) {
    this.lookup = enrichmentLookup(db);
    this.#put = db.command(
      `INSERT INTO enrichment (id, enrichment, at) VALUES (?1, ?2, ?3)
       ON CONFLICT DO UPDATE SET enrichment = ?2, at = ?3`,
    );
    this.#forget = db.command(
      'DELETE FROM enrichment WHERE id NOT IN (SELECT id FROM repository WHERE record IS NOT NULL)',
    );
    this.#clear = db.command('DELETE FROM enrichment');
  }

  put(sourceId: number, enrichment: Enrichment, at: string): void {
    this.#put(sourceId, JSON.stringify(enrichment), at);
  }

  /** Forgets those whose repository is gone. */
  forgetGone(): void {
    this.#forget();
  }

  clear(): void {
    this.#clear();
  }
}
