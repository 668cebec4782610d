{{/* The Snyk API's address as the agent derives it. */}}
{{- define "bitbucket-agent.apiBaseUrl" -}}
{{- .Values.snyk.apiBaseUrl | default (regexReplaceAll "//broker2?\\." .Values.snyk.brokerServerUrl "//api.") -}}
{{- end -}}

{{/* The port in an http or https URL, or the scheme's own. Argument: the URL. */}}
{{- define "bitbucket-agent.portOf" -}}
{{- $port := regexFind ":[0-9]+$" (regexFind "^https?://[^/?#]*" .) | trimPrefix ":" -}}
{{- $port | default (ternary "443" "80" (hasPrefix "https:" .)) -}}
{{- end -}}

{{/* `host:port` of an http or https URL. Argument: the URL. */}}
{{- define "bitbucket-agent.hostAndPort" -}}
{{- regexReplaceAll "(:[0-9]+)?$" (regexFind "^https?://[^/?#]*" . | trimPrefix "https://" | trimPrefix "http://") "" }}:{{ include "bitbucket-agent.portOf" . }}
{{- end -}}

{{/* The addresses that the agent dials, as a JSON list. Whether it goes through a proxy is told elsewhere. */}}
{{- define "bitbucket-agent.dialled" -}}
{{- $urls := list .Values.snyk.brokerServerUrl (include "bitbucket-agent.apiBaseUrl" .) .Values.bitbucket.url -}}
{{- if and (eq .Values.inventory.delivery.by "https") (ne .Values.inventory.mode "none") -}}
{{- $urls = append $urls .Values.inventory.delivery.url -}}
{{- end -}}
{{- range list .Values.bitbucket.api .Values.bitbucket.git -}}
{{- if and . (not (hasPrefix "$" .)) -}}
{{- $urls = append $urls (printf "%s://%s" (ternary "http" "https" (hasPrefix "http:" $.Values.bitbucket.url)) .) -}}
{{- end -}}
{{- end -}}
{{- if .Values.acceptList.gitClientUrl -}}
{{- $urls = append $urls .Values.acceptList.gitClientUrl -}}
{{- end -}}
{{- $addresses := list -}}
{{- range $urls -}}
{{- if . -}}
{{- $addresses = append $addresses (include "bitbucket-agent.hostAndPort" .) -}}
{{- end -}}
{{- end -}}
{{- uniq $addresses | toJson -}}
{{- end -}}

{{/* The ports of the addresses that the agent dials, of the proxies, and further ones, as a JSON list of numbers. */}}
{{- define "bitbucket-agent.egressPorts" -}}
{{- $ports := list 443 -}}
{{- range include "bitbucket-agent.dialled" . | fromJsonArray -}}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) -}}
{{- end -}}
{{- range concat (.Values.proxy.ports | default list) (.Values.networkPolicy.egress.ports | default list) -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- uniq $ports | toJson -}}
{{- end -}}

{{/* Whether there is a proxy. */}}
{{- define "bitbucket-agent.proxied" -}}
{{- or (include "bitbucket-agent.given" .Values.proxy.http) (include "bitbucket-agent.given" .Values.proxy.https) -}}
{{- end -}}

{{/* What is reached without the proxy. `.svc` and `.cluster.local` are names of the cluster itself. */}}
{{- define "bitbucket-agent.noProxy" -}}
{{- concat (.Values.proxy.noProxy | default list) (list (include "bitbucket-agent.inventory" .) "localhost" "127.0.0.1" ".svc" ".cluster.local") | uniq | join "," -}}
{{- end -}}

{{/* The names by which the operators' port is called. */}}
{{- define "bitbucket-agent.operatorsHosts" -}}
{{- $name := include "bitbucket-agent.operators" . -}}
{{- $namespaced := printf "%s.%s" $name .Release.Namespace -}}
{{- $own := list $name $namespaced (printf "%s.svc" $namespaced) (printf "%s.svc.cluster.local" $namespaced) -}}
{{- concat $own (.Values.operators.allowedHosts | default list) | uniq | join "," -}}
{{- end -}}
