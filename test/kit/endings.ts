const endings: (() => unknown)[] = [];

/** Has something ended with the test. */
export const atTheEnd = (end: () => unknown): void => void endings.push(end);

/** For `afterEach`: ends what the test has started, in the other order. */
export async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end();
}
