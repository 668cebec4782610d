/** Keys of projects whose lists are to be walked, each once, in any case of its letters. Several workers take them. */
export class ProjectQueue {
  readonly #known = new Set<string>();
  readonly #waiting: string[] = [];
  readonly #takers: (() => void)[] = [];
  #sources: number;

  /** @param sources how many lists may still add keys; each calls `sourceEnded` once */
  constructor(sources: number) {
    this.#sources = sources;
  }

  add(key: string): void {
    const known = key.toUpperCase();
    if (this.#known.has(known)) return;
    this.#known.add(known);
    this.#waiting.push(key);
    this.#takers.shift()?.();
  }

  sourceEnded(): void {
    this.#sources -= 1;
    if (this.#sources === 0) this.#wakeAll();
  }

  /** The next key; `null` when none will come any more, or when the signal is aborted. */
  async next(signal: AbortSignal): Promise<string | null> {
    while (this.#waiting.length === 0 && this.#sources > 0 && !signal.aborted) {
      const wakeAll = () => this.#wakeAll();
      signal.addEventListener('abort', wakeAll, { once: true });
      await new Promise<void>((resolve) => this.#takers.push(resolve));
      signal.removeEventListener('abort', wakeAll);
    }
    return signal.aborted ? null : (this.#waiting.pop() ?? null);
  }

  #wakeAll(): void {
    for (const wake of this.#takers.splice(0)) wake();
  }
}
