{{/* What labels and objects are called. */}}
{{- define "bitbucket-agent.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* 42 characters: with `-inventory` it is 52, the most a StatefulSet and a CronJob may have. */}}
{{- define "bitbucket-agent.fullname" -}}
{{- $name := include "bitbucket-agent.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 42 | trimSuffix "-" -}}
{{- end -}}

{{- define "bitbucket-agent.relay" -}}{{ include "bitbucket-agent.fullname" . }}-relay{{- end -}}
{{- define "bitbucket-agent.inventory" -}}{{ include "bitbucket-agent.fullname" . }}-inventory{{- end -}}
{{- define "bitbucket-agent.webhook" -}}{{ include "bitbucket-agent.fullname" . }}-webhook{{- end -}}
{{- define "bitbucket-agent.operators" -}}{{ include "bitbucket-agent.fullname" . }}-operators{{- end -}}
{{- define "bitbucket-agent.httpRelay" -}}{{ include "bitbucket-agent.fullname" . }}-http-relay{{- end -}}
{{- define "bitbucket-agent.test" -}}{{ include "bitbucket-agent.fullname" . }}-doctor{{- end -}}

{{- define "bitbucket-agent.serviceAccountName" -}}
{{- $made := include "bitbucket-agent.fullname" . -}}
{{- .Values.serviceAccount.name | default (ternary $made "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "bitbucket-agent.claimName" -}}
{{- .Values.inventory.persistence.existingClaim | default (include "bitbucket-agent.inventory" .) -}}
{{- end -}}

{{/* A digest says which image it is; a tag beside it would say nothing more. */}}
{{- define "bitbucket-agent.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}
