/**
 * Which projects are looked at: those that an `include` glob matches (any, when there is none) and no `exclude` glob.
 * `*` stands for any characters, `?` for one, everything else for itself; upper and lower case are alike, as they are
 * in Bitbucket's keys. Answers are remembered, one per project.
 */
export function createProjectFilter(
  include: readonly string[],
  exclude: readonly string[],
): (projectKey: string) => boolean {
  const included = include.map(patternOf);
  const excluded = exclude.map(patternOf);
  const known = new Map<string, boolean>();
  return (projectKey) => {
    const before = known.get(projectKey);
    if (before !== undefined) return before;
    const matches = (pattern: RegExp): boolean => pattern.test(projectKey);
    const answer = (included.length === 0 || included.some(matches)) && !excluded.some(matches);
    known.set(projectKey, answer);
    return answer;
  };
}

/** The globs that fit none of these projects. */
export function unusedGlobs(globs: readonly string[], projectKeys: Iterable<string>): string[] {
  const keys = [...projectKeys];
  return globs.filter((glob) => {
    const pattern = patternOf(glob);
    return !keys.some((key) => pattern.test(key));
  });
}

function patternOf(glob: string): RegExp {
  const literal = glob.replace(/[\\^$.+()[\]{}|/]/g, '\\$&');
  return new RegExp(`^${literal.replace(/\*+/g, '.*').replaceAll('?', '.')}$`, 'isu');
}
