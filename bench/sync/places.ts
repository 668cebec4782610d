/** The login of the agent and of the bare loop; it is shown every row. */
export const LOGIN = { username: 'agent', password: 'agent-password' } as const;

/** More than any run of the benchmark makes. */
export const MOST_REQUESTS = 20_000;
