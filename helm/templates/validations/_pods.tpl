{{- define "bitbucket-agent.rule.budget" -}}
{{- $tunnels := include "bitbucket-agent.tunnels" . | int -}}
{{- if gt $tunnels 4 }}
relay.replicas: {{ int .Values.relay.replicas }}, with relay.maxSurge {{ int .Values.relay.maxSurge }} and {{ include "bitbucket-agent.writers" . }} for the inventory, are {{ $tunnels }} tunnels; Snyk allows 4. {{ include "bitbucket-agent.rolloutThatFits" . }}
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.rollout" -}}
{{- $relay := .Values.relay -}}
{{- if eq (add (int $relay.maxSurge) (int $relay.maxUnavailable)) 0 }}
relay.maxSurge: is 0, and relay.maxUnavailable too, so that no update could roll out. {{ include "bitbucket-agent.rolloutThatFits" . }}
{{- end }}
{{- if ge (int $relay.maxUnavailable) (int $relay.replicas) }}
relay.maxUnavailable: is {{ int $relay.maxUnavailable }} with {{ int $relay.replicas }} replicas, so that an update could leave no pod connected. {{ include "bitbucket-agent.rolloutThatFits" . }}
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.drain" -}}
{{- $least := add (int .Values.relay.preStopSeconds) (include "bitbucket-agent.drainSeconds" . | int) -}}
{{- if lt (include "bitbucket-agent.relayGrace" . | int) (int $least) }}
relay.terminationGracePeriodSeconds: is {{ include "bitbucket-agent.relayGrace" . }}, so that calls under way would be cut off. Set it to {{ $least }} or more: relay.preStopSeconds and 15.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.disruption" -}}
{{- $most := int .Values.podDisruptionBudget.maxUnavailable -}}
{{- $replicas := int .Values.relay.replicas -}}
{{- if and .Values.podDisruptionBudget.enabled (gt $replicas 1) (ge $most $replicas) }}
podDisruptionBudget.maxUnavailable: is {{ $most }} with {{ $replicas }} replicas, so that it keeps none of them. Set it to {{ sub $replicas 1 }} or less.
{{- end }}
{{- end -}}
