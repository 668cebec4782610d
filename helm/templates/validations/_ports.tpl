{{- define "bitbucket-agent.rule.operators" -}}
{{- if and .Values.operators.expose (not (include "bitbucket-agent.given" .Values.operators.token)) }}
operators.token: is not set, and operators.expose is true: the port would be open to all. Set operators.token.existingSecret to a Secret whose key {{ .Values.operators.token.key }} has 16 characters or more, or operators.expose to false.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.serviceMonitor" -}}
{{- if and .Values.serviceMonitor.enabled (not .Values.operators.expose) }}
serviceMonitor.enabled: is true, and operators.expose is false: Prometheus could not reach the metrics. Set operators.expose to true, and operators.token.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.httpRelay" -}}
{{- if and .Values.httpRelay.enabled (not (include "bitbucket-agent.given" .Values.httpRelay.token)) }}
httpRelay.token: is not set, and httpRelay.enabled is true. Set httpRelay.token.existingSecret to a Secret whose key {{ .Values.httpRelay.token.key }} has 16 characters or more.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.proxyPorts" -}}
{{- if and (include "bitbucket-agent.proxied" .) .Values.networkPolicy.enabled (not .Values.proxy.ports) }}
proxy.ports: is empty, and there is a proxy whose URL is a secret: the NetworkPolicy would not let the pods reach it. Set it to the proxy's port, such as [3128].
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.webhook" -}}
{{- with .Values.webhook.service -}}
{{- if and .nodePort (eq .type "ClusterIP") }}
webhook.service.nodePort: is {{ int .nodePort }}, and webhook.service.type is ClusterIP. Set the type to NodePort, or take the port out.
{{- end }}
{{- if and .loadBalancerSourceRanges (ne .type "LoadBalancer") }}
webhook.service.loadBalancerSourceRanges: is set, and webhook.service.type is {{ .type }}. Set the type to LoadBalancer, or limit who comes by networkPolicy.webhook.from.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.ingress" -}}
{{- with .Values.webhook.ingress -}}
{{- if and .enabled (not $.Values.webhook.enabled) }}
webhook.ingress.enabled: is true, and webhook.enabled is false: there is no Service to lead to. Set webhook.enabled to true.
{{- end }}
{{- if and .enabled (not .hosts) }}
webhook.ingress.hosts: is empty, and webhook.ingress.enabled is true: it would hold for every name. Set it to the host of snyk.clientUrl, such as [agent.example.com].
{{- end }}
{{- end -}}
{{- end -}}
