/** How far a stage of a run is, in entities. `total` is `null` while nobody can know it. */
export interface Progress {
  readonly stage: 'users' | 'repositories' | 'enrichment';
  readonly done: number;
  readonly total: number | null;
}
