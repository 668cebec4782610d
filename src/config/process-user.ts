/** Who this process runs as, as `chown` takes it: `65532:65532`; `null` where there are no such numbers, as on Windows. */
export function processUser(): string | null {
  return process.getuid === undefined ? null : `${process.getuid()}:${process.getgid?.() ?? ''}`;
}
