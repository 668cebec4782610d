const REPOSITORY = '/projects/:projectKey/repos/:repositorySlug';
const REST = `/rest/api/1.0${REPOSITORY}`;
const ORIGIN = 'https://bitbucket.test';

/** What the rules between the first and the last one are. */
export type Mix = 'plain' | 'wildcard';

/** A rule as an accept list has it, for either of the two programs. */
export interface RawRule {
  readonly method: 'GET';
  readonly path: string;
  readonly origin: string;
}

/** An accept list, and calls by the place of the rule that takes them. */
export interface RuleList {
  readonly rules: readonly RawRule[];
  readonly calls: Readonly<Record<'first rule' | 'last rule' | 'no rule', string>>;
}

const PATHS: Readonly<Record<Mix, (at: number) => string>> = {
  plain: (at) => (at % 2 === 0 ? `${REST}/part-${at}` : `/rest/plugin-${at}/1.0/:name`),
  wildcard(at) {
    if (at % 10 === 8) return `${REPOSITORY}/browse*/*req-${at}*.txt`;
    if (at % 10 === 9) return `${REPOSITORY}/browse*/*.kind-${at}`;
    return `${REPOSITORY}/browse*${at % 2 === 0 ? '/' : '%2F'}file-${at}.json`;
  },
};

const NO_RULE: Readonly<Record<Mix, string>> = {
  plain: '/rest/api/1.0/projects/PAY/repos/gateway/no-part?start=25',
  wildcard: '/projects/PAY/repos/gateway/browse/services/web/App.java?at=refs%2Fheads%2Fmain',
};

/**
 * So many rules: the list of projects first, one file of a repository last. `wildcard` rules are for files, as in lists
 * for scans: eight in ten name a file, two only a part of its name.
 */
export function ruleList(mix: Mix, count: number): RuleList {
  const path = PATHS[mix];
  const between = Array.from({ length: count - 2 }, (_, at) => path(at));
  const paths = ['/projects', ...between, `${REPOSITORY}/raw/catalog-info.yaml`];
  return {
    rules: paths.map((each) => ({ method: 'GET', path: each, origin: ORIGIN })),
    calls: {
      'first rule': '/projects?limit=1000',
      'last rule': '/projects/PAY/repos/gateway/raw/catalog-info.yaml?at=refs%2Fheads%2Fmain',
      'no rule': NO_RULE[mix],
    },
  };
}

/** As the file of an accept list. */
export const listText = ({ rules }: Pick<RuleList, 'rules'>): string =>
  JSON.stringify({ private: rules, public: [] });

/** The same list with every second rule changed. */
export const changed = ({ rules }: Pick<RuleList, 'rules'>): { readonly rules: readonly RawRule[] } => ({
  rules: rules.map((rule, at) => (at % 2 === 0 ? rule : { ...rule, path: `${rule.path}-2` })),
});
