{{/* A rule for those who may come to a port. Argument: port, from (peers). */}}
{{- define "bitbucket-agent.ingressRule" -}}
- ports:
    - port: {{ .port }}
      protocol: TCP
  {{- with .from }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "bitbucket-agent.operatorsIngress" -}}
{{- if and .Values.operators.expose .Values.networkPolicy.operators.from }}
{{ include "bitbucket-agent.ingressRule" (dict "port" 8001 "from" .Values.networkPolicy.operators.from) }}
{{- end }}
{{- end -}}

{{/* The kubelet's probes need no rule: traffic from a pod's own node is let in. */}}
{{- define "bitbucket-agent.relayIngress" -}}
{{- $policy := .Values.networkPolicy -}}
{{- if .Values.webhook.enabled }}
{{ include "bitbucket-agent.ingressRule" (dict "port" 8000 "from" $policy.webhook.from) }}
{{- end }}
{{- include "bitbucket-agent.operatorsIngress" . }}
{{- if and .Values.httpRelay.enabled $policy.httpRelay.from }}
{{ include "bitbucket-agent.ingressRule" (dict "port" 8002 "from" $policy.httpRelay.from) }}
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.inventoryIngress" -}}
{{- if eq .Values.inventory.mode "deployment" }}
- ports:
    - port: 8003
      protocol: TCP
  from:
    - podSelector:
        matchLabels:
          {{- include "bitbucket-agent.selector" (dict "root" . "component" "relay") | nindent 10 }}
    {{- if .Values.test.enabled }}
    - podSelector:
        matchLabels:
          {{- include "bitbucket-agent.selector" (dict "root" . "component" "test") | nindent 10 }}
    {{- end }}
{{- include "bitbucket-agent.operatorsIngress" . }}
{{- end }}
{{- end -}}

{{/* Where a pod may go. Argument: root, pod (relay, inventory, test). */}}
{{- define "bitbucket-agent.egress" -}}
{{- $policy := .root.Values.networkPolicy -}}
- ports:
    {{- range $policy.dns.ports }}
    - port: {{ int . }}
      protocol: UDP
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  {{- with $policy.dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
- ports:
    {{- range include "bitbucket-agent.egressPorts" .root | fromJsonArray }}
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  to:
    {{- range $policy.egress.cidrs }}
    - ipBlock:
        cidr: {{ . | quote }}
    {{- else }}
    - ipBlock:
        cidr: 0.0.0.0/0
        except:
          - 169.254.0.0/16
    - ipBlock:
        cidr: "::/0"
        except:
          - fe80::/10
          - fd00:ec2::254/128
    {{- end }}
{{- if and (ne .pod "inventory") (eq .root.Values.inventory.mode "deployment") }}
- ports:
    - port: 8003
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "bitbucket-agent.selector" (dict "root" .root "component" "inventory") | nindent 10 }}
{{- end }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
