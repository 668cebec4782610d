{{/* The accept list that the values hold; empty where there is none. */}}
{{- define "bitbucket-agent.acceptListText" -}}
{{- with .Values.acceptList -}}
{{- if .file -}}
{{ .file }}
{{- else if .inline -}}
{{ toPrettyJson .inline }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The volume of the accept list; empty where the agent's own one holds. */}}
{{- define "bitbucket-agent.acceptListVolume" -}}
{{- with .Values.acceptList -}}
{{- if .existingConfigMap -}}
configMap:
  name: {{ .existingConfigMap | quote }}
  items:
    - key: {{ .key | quote }}
      path: accept-list
{{- else if include "bitbucket-agent.acceptListText" $ -}}
configMap:
  name: {{ include "bitbucket-agent.fullname" $ }}-accept-list
{{- end -}}
{{- end -}}
{{- end -}}
