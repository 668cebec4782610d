{{/* How many tunnels the inventory holds: its pod has one of its own, a CronJob opens one where it delivers through it. */}}
{{- define "bitbucket-agent.writers" -}}
{{- with .Values.inventory -}}
{{- if eq .mode "deployment" -}}1
{{- else if and (eq .mode "cronjob") (eq .delivery.by "tunnel") -}}1
{{- else -}}0
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The most tunnels there can be at one time. */}}
{{- define "bitbucket-agent.tunnels" -}}
{{- add (int .Values.relay.replicas) (int .Values.relay.maxSurge) (include "bitbucket-agent.writers" . | int) -}}
{{- end -}}

{{/* What an agent needs to answer what is under way: 12 s for calls, and time to close. */}}
{{- define "bitbucket-agent.drainSeconds" -}}15{{- end -}}

{{- define "bitbucket-agent.relayGrace" -}}
{{- $least := add (int .Values.relay.preStopSeconds) (include "bitbucket-agent.drainSeconds" . | int) -}}
{{- if kindIs "invalid" .Values.relay.terminationGracePeriodSeconds -}}
{{- add $least 5 -}}
{{- else -}}
{{- int .Values.relay.terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}
