{{/* The volume of the private CA; empty where there is none. */}}
{{- define "bitbucket-agent.caVolume" -}}
{{- with .Values.ca -}}
{{- if .existingSecret -}}
secret:
  secretName: {{ .existingSecret | quote }}
  defaultMode: 288 # 0440
  items:
    - key: {{ .key | quote }}
      path: ca.pem
{{- else if .existingConfigMap -}}
configMap:
  name: {{ .existingConfigMap | quote }}
  items:
    - key: {{ .key | quote }}
      path: ca.pem
{{- else if .pem -}}
configMap:
  name: {{ include "bitbucket-agent.fullname" $ }}-ca
{{- end -}}
{{- end -}}
{{- end -}}
