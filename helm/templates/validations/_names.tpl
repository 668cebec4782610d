{{- define "bitbucket-agent.rule.image" -}}
{{- if not .Values.image.repository }}
image.repository: is not set. Set it to where you keep the agent's image, such as registry.example.com/snyk/bitbucket-agent.
{{- else if contains ":" (base .Values.image.repository) }}
image.repository: is {{ .Values.image.repository }}, with a tag. Set image.repository to what stands before the last colon, and image.tag to what stands behind it.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.names" -}}
{{- $name := include "bitbucket-agent.fullname" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
fullnameOverride: objects would be called "{{ $name }}", which begins with no lower-case letter or has other signs than a-z, 0-9 and -. Set it to a name such as bitbucket-agent.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.labels" -}}
{{- $own := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" "bitbucket-agent/operators-port" -}}
{{- range $where, $labels := dict "commonLabels" .Values.commonLabels "relay.podLabels" .Values.relay.podLabels "inventory.podLabels" .Values.inventory.podLabels -}}
{{- range $own -}}
{{- if hasKey ($labels | default dict) . }}
{{ $where }}: has {{ . }}, by which the chart selects its pods. Take it out; nameOverride sets the name.
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}
