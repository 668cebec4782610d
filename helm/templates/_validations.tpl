{{- define "bitbucket-agent.validate" -}}{{- end -}}
