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

{{/*
What to set so that the tunnels are enough and an update rolls out: as many of the replicas as fit, and one of them more
while it rolls out, or else one less.
*/}}
{{- define "bitbucket-agent.rolloutThatFits" -}}
{{- $relay := .Values.relay -}}
{{- $room := sub 4 (include "bitbucket-agent.writers" . | int) | int -}}
{{- $replicas := min (int $relay.replicas) $room | int -}}
{{- $surge := ternary 1 0 (lt $replicas $room) -}}
{{- $wanted := dict "relay.replicas" (list $relay.replicas $replicas) "relay.maxSurge" (list $relay.maxSurge $surge) "relay.maxUnavailable" (list $relay.maxUnavailable (sub 1 $surge)) -}}
{{- $changes := list -}}
{{- range $name := list "relay.replicas" "relay.maxSurge" "relay.maxUnavailable" -}}
{{- $pair := get $wanted $name -}}
{{- if ne (first $pair | int) (last $pair | int) -}}
{{- $changes = append $changes (printf "%s to %d" $name (last $pair | int)) -}}
{{- end -}}
{{- end -}}
Set {{ join " and " $changes }}.
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
