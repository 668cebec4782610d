const RULES = 'the accept list is one file; add rules to it and name it in ACCEPT';
const CHECK = "the system check uses the rules' own logins and the agent's time limits";
const WIRE = 'the tunnel keeps the times and sizes of the protocol';
const REWRITE = 'requests and answers are never rewritten';
const COMMITS = 'it serves GitHub only';
const CODE_AGENT = 'there is no Code Agent';
const METRICS = 'metrics are fetched from /metrics, not sent by OTLP';
const UNIVERSAL = 'the agent connects with a Broker token, not as a Universal Broker';

/**
 * Variables that the Snyk Broker client 5.22.14 reads and this agent does not, each with the reason.
 * Setting one is no mistake, it is only told at start.
 */
export const IGNORED: Readonly<Record<string, string>> = {
  ACCEPT_APPRISK: RULES,
  ACCEPT_CODE: RULES,
  ACCEPT_CUSTOM_PR_TEMPLATES: RULES,
  ACCEPT_ESSENTIALS: RULES,
  ACCEPT_GIT: RULES,
  ACCEPT_IAC: RULES,
  ACCEPT_LARGE_MANIFESTS: RULES,
  DISABLE_SNIPPETS: RULES,
  BROKER_CLIENT_VALIDATION_AUTHORIZATION_HEADER: CHECK,
  BROKER_CLIENT_VALIDATION_BASIC_AUTH: CHECK,
  BROKER_CLIENT_VALIDATION_METHOD: CHECK,
  BROKER_CLIENT_VALIDATION_TIMEOUT_MS: CHECK,
  BROKER_CLIENT_VALIDATION_URL: CHECK,
  BROKER_CLIENT_URL_TLS_TERMINATED: "the agent does not probe its own URL's TLS",
  PREFLIGHT_CHECKS_ENABLED: 'there are no checks that call out before the start',
  DISABLE_CODE_AGENT_PREFLIGHT_CHECK: CODE_AGENT,
  IPV6_CONNECTIVITY_CHECK_ENABLED: 'IPv6 and IPv4 are tried by Node for each connection',
  LOG_ENABLE_BODY: 'bodies are never logged',
  LOG_INFO_VERBOSE: 'a relayed call is always one line',
  SOCKET_CONNECT_TIMEOUT: WIRE,
  SOCKET_MAX_RESPONSE_LENGTH: WIRE,
  SOCKET_PING_INTERVAL: WIRE,
  SOCKET_PONG_TIMEOUT: WIRE,
  BROKER_CLIENT_POST_TIMEOUT: WIRE,
  BROKER_WEBSERVER_KEEPALIVE_TIMEOUT: WIRE,
  BROKER_WEBSERVER_REQUEST_TIMEOUT: WIRE,
  MAX_RETRY: 'only a request of which nothing was sent is tried again',
  DISABLE_BODY_VARS_SUBSTITUTION: 'substitution is off unless ALLOW_VARIABLE_SUBSTITUTION is true',
  DISABLE_HEADER_VARS_SUBSTITUTION: 'substitution is off unless ALLOW_VARIABLE_SUBSTITUTION is true',
  REMOVE_X_FORWARDED_HEADERS: 'these headers are always removed',
  RES_BODY_URL_SUB: REWRITE,
  GIT_PASSWORD: CODE_AGENT,
  GIT_URL: CODE_AGENT,
  GIT_USERNAME: CODE_AGENT,
  GIT_COMMITTER_EMAIL: COMMITS,
  GIT_COMMITTER_NAME: COMMITS,
  GPG_PASSPHRASE: COMMITS,
  GPG_PRIVATE_KEY: COMMITS,
  METRICS_OTEL_ENDPOINT: METRICS,
  METRICS_OTEL_EXPORT_INTERVAL_MS: METRICS,
  BROKER_TYPE: 'it is always a client',
  BROKER_DOWNSTREAM_TYPE_BITBUCKET_SERVER: 'it is always Bitbucket Server',
  CLIENT_ID: UNIVERSAL,
  CLIENT_SECRET: UNIVERSAL,
  DEPLOYMENT_ID: UNIVERSAL,
  REMOTE_CONFIG_POLLING_MODE: UNIVERSAL,
  SKIP_REMOTE_CONFIG: UNIVERSAL,
  UNIVERSAL_BROKER_ENABLED: UNIVERSAL,
  UNIVERSAL_BROKER_GA: UNIVERSAL,
};
