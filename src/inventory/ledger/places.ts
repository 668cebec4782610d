import type { Database, Query } from './database.ts';
import type { Place } from './ledger.ts';

interface PlaceRow {
  readonly at: string;
  readonly source_id: number;
  readonly project_key: string;
  readonly slug: string;
}

/**
 * The places that wait for enrichment, oldest enrichment first: a temporary table. SQLite unlinks its file as soon as
 * it is opened, so that it takes no memory and leaves nothing behind, however the process ends.
 */
export class Places {
  readonly #add;
  readonly #count: Query<{ count: number }>;
  readonly #oldest: Query<PlaceRow>;
  readonly #remove;
  readonly #clear;

  constructor(db: Database) {
    db.exec(`CREATE TEMP TABLE place (
      at TEXT NOT NULL,
      source_id INTEGER NOT NULL,
      project_key TEXT NOT NULL,
      slug TEXT NOT NULL,
      PRIMARY KEY (at, source_id)
    ) STRICT, WITHOUT ROWID`);
    this.#add = db.command(`INSERT OR IGNORE INTO place
      VALUES (coalesce((SELECT at FROM enrichment WHERE id = ?1), ''), ?1, ?2, ?3)`);
    this.#count = db.query('SELECT count(*) AS count FROM place');
    this.#oldest = db.query('SELECT * FROM place ORDER BY at, source_id LIMIT ?');
    this.#remove = db.command('DELETE FROM place WHERE (at, source_id) <= (?, ?)');
    this.#clear = db.command('DELETE FROM place');
  }

  add(places: readonly Place[]): void {
    for (const { sourceId, projectKey, slug } of places) this.#add(sourceId, projectKey, slug);
  }

  count(): number {
    return this.#count.one()?.count ?? 0;
  }

  take(count: number): Place[] {
    const rows = this.#oldest.all(count);
    const last = rows.at(-1);
    if (last !== undefined) this.#remove(last.at, last.source_id);
    return rows.map(({ source_id, project_key, slug }) => ({
      sourceId: source_id,
      projectKey: project_key,
      slug,
    }));
  }

  clear(): void {
    this.#clear();
  }
}
