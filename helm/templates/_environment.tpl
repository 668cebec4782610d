{{/* The variables that the chart sets by a value, and which: what `extraEnv` may not have. As YAML. */}}
{{- define "bitbucket-agent.ownVariables" -}}
ACCEPT: acceptList
ADMIN_ALLOWED_HOSTS: operators.allowedHosts
ADMIN_HOST: operators.expose
ADMIN_PORT: operators.expose
ALLOW_VARIABLE_SUBSTITUTION: allowVariableSubstitution
ALLOW_WRITES: allowWrites
API_BASE_URL: snyk.apiBaseUrl
AUDIT_MAX_MB: audit.maxMegabytes
AUDIT_ON_ERROR: audit.onError
AUDIT_QUERY: audit.query
AUDIT_RETENTION_DAYS: audit.retentionDays
AUDIT_STDOUT: audit.stdout
BITBUCKET: bitbucket.url
BITBUCKET_API: bitbucket.api
BITBUCKET_CONCURRENCY: bitbucket.concurrency
BITBUCKET_CONNECT_TIMEOUT_MS: bitbucket.timeouts.connectMs
BITBUCKET_FIRST_BYTE_TIMEOUT_MS: bitbucket.timeouts.firstByteMs
BITBUCKET_GIT: bitbucket.git
BITBUCKET_IDLE_TIMEOUT_MS: bitbucket.timeouts.idleMs
BITBUCKET_URL: bitbucket.url
BROKER_CLIENT_LOCATION: snyk.location
BROKER_CLIENT_URL: snyk.clientUrl
BROKER_DISPATCHER_BASE_URL: snyk.apiBaseUrl
BROKER_HA_MODE_ENABLED: relay.replicas
BROKER_SERVER_URL: snyk.brokerServerUrl
CA_CERT: ca
ESSENTIALS_DELIVERY: inventory.delivery.by
ESSENTIALS_PATH: inventory.delivery.path
ESSENTIALS_URL: inventory.delivery.url
EXCLUDE_PROJECTS: inventory.excludeProjects
GIT_CLIENT_URL: acceptList.gitClientUrl
HTTPS_CERT: publicPort.tls.existingSecret
HTTPS_KEY: publicPort.tls.existingSecret
HTTP_RELAY: httpRelay.enabled
INCLUDE_PROJECTS: inventory.includeProjects
INSECURE_DOWNSTREAM: bitbucket.url
INVENTORY_ENABLED: inventory.mode
INVENTORY_PORT: inventory.mode
INVENTORY_URL: inventory.mode
LOG_LEVEL: logLevel
NODE_EXTRA_CA_CERTS: ca
NO_PROXY: proxy.noProxy
OMIT_FIELDS: inventory.omitFields
PORT: webhook.service.port
PROFILE_NAME: inventory.profileName
PSEUDONYMISE: inventory.pseudonymise
RELAY_PORT: httpRelay.service.port
RULES_HASH: acceptList.rulesHash
STATE_DIR: inventory.persistence
SYNC_ENRICHMENT_EVERY: inventory.every.enrichment
SYNC_REPOSITORIES_EVERY: inventory.every.repositories
SYNC_USERS_EVERY: inventory.every.users
TUNNEL_REQUEST_TIMEOUT_MS: inventory.delivery.timeoutMs
{{- end -}}

{{/* The folders that the pods see. */}}
{{- define "bitbucket-agent.secretsFolder" -}}/run/secrets/bitbucket-agent{{- end -}}
{{- define "bitbucket-agent.stateFolder" -}}/var/lib/bitbucket-agent{{- end -}}
{{- define "bitbucket-agent.filesFolder" -}}/etc/bitbucket-agent{{- end -}}

{{/* What all pods are told, variable to value, as YAML. Empty values are left out later. */}}
{{- define "bitbucket-agent.commonEnvironment" -}}
{{- $v := .Values -}}
{{- $files := include "bitbucket-agent.filesFolder" . -}}
ALLOW_VARIABLE_SUBSTITUTION: {{ $v.allowVariableSubstitution | toString | quote }}
ALLOW_WRITES: {{ $v.allowWrites | toString | quote }}
API_BASE_URL: {{ $v.snyk.apiBaseUrl | quote }}
AUDIT_MAX_MB: {{ $v.audit.maxMegabytes | int64 | quote }}
AUDIT_ON_ERROR: {{ $v.audit.onError | quote }}
AUDIT_QUERY: {{ $v.audit.query | toString | quote }}
AUDIT_RETENTION_DAYS: {{ $v.audit.retentionDays | int64 | quote }}
AUDIT_STDOUT: {{ $v.audit.stdout | toString | quote }}
BITBUCKET_API: {{ $v.bitbucket.api | quote }}
BITBUCKET_CONNECT_TIMEOUT_MS: {{ $v.bitbucket.timeouts.connectMs | int64 | quote }}
BITBUCKET_FIRST_BYTE_TIMEOUT_MS: {{ $v.bitbucket.timeouts.firstByteMs | int64 | quote }}
BITBUCKET_GIT: {{ $v.bitbucket.git | quote }}
BITBUCKET_IDLE_TIMEOUT_MS: {{ $v.bitbucket.timeouts.idleMs | int64 | quote }}
BITBUCKET_URL: {{ $v.bitbucket.url | quote }}
BROKER_CLIENT_LOCATION: {{ $v.snyk.location | quote }}
BROKER_CLIENT_URL: {{ $v.snyk.clientUrl | quote }}
BROKER_HA_MODE_ENABLED: {{ gt (include "bitbucket-agent.tunnels" . | int) 1 | toString | quote }}
BROKER_SERVER_URL: {{ $v.snyk.brokerServerUrl | quote }}
GIT_CLIENT_URL: {{ $v.acceptList.gitClientUrl | quote }}
LOG_LEVEL: {{ $v.logLevel | quote }}
RULES_HASH: {{ $v.acceptList.rulesHash | quote }}
STATE_DIR: {{ include "bitbucket-agent.stateFolder" . }}
{{- if include "bitbucket-agent.acceptListVolume" . }}
ACCEPT: {{ $files }}/accept/accept-list
{{- end }}
{{- if include "bitbucket-agent.caVolume" . }}
CA_CERT: {{ $files }}/ca/ca.pem
{{- end }}
{{- if include "bitbucket-agent.proxied" . }}
NO_PROXY: {{ include "bitbucket-agent.noProxy" . | quote }}
{{- end }}
{{- end -}}

{{/* What those are told that open the public and the operators' port. */}}
{{- define "bitbucket-agent.portsEnvironment" -}}
PORT: "8000"
ADMIN_PORT: "8001"
{{- if .Values.operators.expose }}
ADMIN_HOST: 0.0.0.0
ADMIN_ALLOWED_HOSTS: {{ include "bitbucket-agent.operatorsHosts" . | quote }}
{{- else }}
ADMIN_HOST: 127.0.0.1
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.relayEnvironment" -}}
{{ include "bitbucket-agent.portsEnvironment" . }}
{{- if eq .Values.inventory.mode "deployment" }}
INVENTORY_URL: http://{{ include "bitbucket-agent.inventory" . }}:8003
{{- else }}
INVENTORY_URL: "off"
{{- end }}
{{- if .Values.publicPort.tls.existingSecret }}
HTTPS_CERT: {{ include "bitbucket-agent.filesFolder" . }}/tls/tls.crt
HTTPS_KEY: {{ include "bitbucket-agent.filesFolder" . }}/tls/tls.key
{{- end }}
{{- if .Values.httpRelay.enabled }}
HTTP_RELAY: "true"
RELAY_PORT: "8002"
{{- end }}
{{- end -}}

{{/* What those are told that read the inventory. */}}
{{- define "bitbucket-agent.inventoryEnvironment" -}}
{{- with .Values.inventory -}}
PROFILE_NAME: {{ .profileName | quote }}
BITBUCKET_CONCURRENCY: {{ $.Values.bitbucket.concurrency | int64 | quote }}
INCLUDE_PROJECTS: {{ join "," .includeProjects | quote }}
EXCLUDE_PROJECTS: {{ join "," .excludeProjects | quote }}
OMIT_FIELDS: {{ join "," .omitFields | quote }}
PSEUDONYMISE: {{ .pseudonymise | quote }}
ESSENTIALS_DELIVERY: {{ ternary "off" .delivery.by (eq .delivery.by "none") | quote }}
ESSENTIALS_PATH: {{ .delivery.path | quote }}
ESSENTIALS_URL: {{ .delivery.url | quote }}
TUNNEL_REQUEST_TIMEOUT_MS: {{ .delivery.timeoutMs | int64 | quote }}
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.keeperEnvironment" -}}
{{ include "bitbucket-agent.portsEnvironment" . }}
{{ include "bitbucket-agent.inventoryEnvironment" . }}
INVENTORY_PORT: "8003"
SYNC_REPOSITORIES_EVERY: {{ .Values.inventory.every.repositories | quote }}
SYNC_ENRICHMENT_EVERY: {{ .Values.inventory.every.enrichment | quote }}
SYNC_USERS_EVERY: {{ .Values.inventory.every.users | quote }}
{{- end -}}

{{/* Rules that lead to the inventory are off for the relay pods of a CronJob, and so for the job: the rules' hash is one. */}}
{{- define "bitbucket-agent.jobEnvironment" -}}
{{ include "bitbucket-agent.inventoryEnvironment" . }}
INVENTORY_URL: "off"
{{- end -}}

{{/* A container's `env`. Argument: root, pod (relay, keeper, job). */}}
{{- define "bitbucket-agent.env" -}}
{{- $common := include "bitbucket-agent.commonEnvironment" .root | fromYaml -}}
{{- $own := include (printf "bitbucket-agent.%sEnvironment" .pod) .root | fromYaml -}}
{{- $env := merge $own $common -}}
{{- range include "bitbucket-agent.secretFiles" . | fromJsonArray -}}
{{- $_ := set $env (printf "%s_FILE" .variable) (printf "%s/%s" (include "bitbucket-agent.secretsFolder" $.root) .variable) -}}
{{- end -}}
{{- range $name := keys $env | sortAlpha }}
{{- with get $env $name }}
- name: {{ $name }}
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- with .root.Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
