/** The rooms of docs/architecture.md, top to bottom; an import may only go down. */
const rooms = [
  ['cli', '^src/cli\\.ts$'],
  ['commands', '^src/commands/'],
  ['agent', '^src/agent(/|\\.ts$)'],
  ['http', '^src/http/'],
  ['doctor', '^src/doctor/'],
  ['inventory', '^src/inventory/'],
  ['relay', '^src/relay/'],
  ['tunnel', '^src/tunnel/'],
  ['rules', '^src/rules/'],
  ['bitbucket', '^src/bitbucket/'],
  ['audit', '^src/audit/'],
  ['network', '^src/network/'],
  ['config', '^src/config/'],
  ['shared', '^src/(state/|(?!(agent|cli)\\.ts)[\\w-]+\\.ts$)'],
];

const downwards = rooms.slice(1).map(([name, path], index) => ({
  name: `${name}-imports-downwards`,
  comment: 'A room may import only rooms that stand below it.',
  severity: 'error',
  from: { path },
  to: { path: rooms.slice(0, index + 1).map(([, above]) => above) },
}));

/** What a room may not know, by name. */
const blindfolds = [
  { name: 'tunnel-knows-no-bitbucket', from: '^src/tunnel/', to: '^src/(rules|bitbucket|audit)/' },
  { name: 'relay-knows-not-who-asked', from: '^src/relay/', to: '^src/tunnel/' },
  {
    name: 'rules-are-pure',
    from: '^src/rules/',
    to: '^src/(?!rules/|(call|errors|shown-text)\\.ts$)|^(node:)?(fs|fs/promises|net|http|https|timers|child_process|crypto)$',
  },
  { name: 'config-knows-nothing', from: '^src/config/', to: '^src/(?!config/|errors\\.ts$)' },
  { name: 'bitbucket-knows-no-snyk', from: '^src/bitbucket/', to: '^src/audit/' },
  {
    name: 'express-only-in-http',
    from: '^src/(?!http/)',
    to: 'node_modules/(express|http-proxy-middleware)/',
  },
  { name: 'ws-only-in-tunnel', from: '^src/(?!tunnel/)', to: 'node_modules/ws/' },
  { name: 'product-never-imports-its-stage', from: '^src/', to: '^(sandbox|bench|test)/' },
].map(({ name, from, to }) => ({ name, severity: 'error', from: { path: from }, to: { path: to } }));

module.exports = {
  forbidden: [
    {
      name: 'node-http-by-node-http',
      comment: "An import of node:http loads Node's own copy of undici: see src/node-http.ts.",
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(node:)?https?$', dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src/', pathNot: '^src/(cli|call)\\.ts$' },
      to: {},
    },
    {
      name: 'only-production-dependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'],
        dependencyTypesNot: ['type-only'],
      },
    },
    ...downwards,
    ...blindfolds,
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
