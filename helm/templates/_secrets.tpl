{{/*
Every secret there is a value for, as JSON: the variable, where it stands in the values, and the pods that read it:
relay, keeper (the pod of the inventory), job (the CronJob's). The pod of `helm test` reads those of a relay pod.
*/}}
{{- define "bitbucket-agent.secretPlaces" -}}
{{- $v := .Values -}}
{{- $all := list "relay" "keeper" "job" -}}
{{- $serving := list "relay" "keeper" -}}
{{- $asked := ternary $serving list (eq $v.inventory.mode "deployment") -}}
{{- $delivering := ternary (list "keeper" "job") list (eq $v.inventory.delivery.by "https") -}}
{{- $places := list
  (dict "variable" "BROKER_TOKEN" "path" "snyk.brokerToken" "ref" $v.snyk.brokerToken "pods" $all)
  (dict "variable" "BITBUCKET_PAT" "path" "bitbucket.pat" "ref" $v.bitbucket.pat "pods" $all)
  (dict "variable" "BITBUCKET_PAT_POOL" "path" "bitbucket.patPool" "ref" $v.bitbucket.patPool "pods" $all)
  (dict "variable" "BITBUCKET_USERNAME" "path" "bitbucket.username" "ref" $v.bitbucket.username "pods" $all)
  (dict "variable" "BITBUCKET_USERNAME_POOL" "path" "bitbucket.usernamePool" "ref" $v.bitbucket.usernamePool "pods" $all)
  (dict "variable" "BITBUCKET_PASSWORD" "path" "bitbucket.password" "ref" $v.bitbucket.password "pods" $all)
  (dict "variable" "BITBUCKET_PASSWORD_POOL" "path" "bitbucket.passwordPool" "ref" $v.bitbucket.passwordPool "pods" $all)
  (dict "variable" "HTTP_PROXY" "path" "proxy.http" "ref" $v.proxy.http "pods" $all)
  (dict "variable" "HTTPS_PROXY" "path" "proxy.https" "ref" $v.proxy.https "pods" $all)
  (dict "variable" "WEBHOOK_SECRET" "path" "webhook.secret" "ref" $v.webhook.secret "pods" $serving)
  (dict "variable" "ADMIN_TOKEN" "path" "operators.token" "ref" $v.operators.token "pods" $serving)
  (dict "variable" "INVENTORY_TOKEN" "path" "inventory.token" "ref" $v.inventory.token "pods" $asked)
  (dict "variable" "ESSENTIALS_TOKEN" "path" "inventory.delivery.token" "ref" $v.inventory.delivery.token "pods" $delivering)
  (dict "variable" "RELAY_TOKEN" "path" "httpRelay.token" "ref" $v.httpRelay.token "pods" (ternary (list "relay") list $v.httpRelay.enabled))
-}}
{{- range $index, $extra := $v.extraSecrets -}}
{{- $ref := dict "existingSecret" $extra.existingSecret "key" ($extra.key | default $extra.variable) -}}
{{- $places = append $places (dict "variable" $extra.variable "path" (printf "extraSecrets[%d]" $index) "ref" $ref "pods" $all) -}}
{{- end -}}
{{- toJson $places -}}
{{- end -}}

{{/* Whether a secret is given. Argument: a secret's value. */}}
{{- define "bitbucket-agent.given" -}}
{{- if or .value .existingSecret -}}true{{- end -}}
{{- end -}}

{{/* The variables, as JSON, that a pod reads from files, with the Secret and the key of each. Argument: root, pod. */}}
{{- define "bitbucket-agent.secretFiles" -}}
{{- $files := list -}}
{{- range include "bitbucket-agent.secretPlaces" .root | fromJsonArray -}}
{{- if and (include "bitbucket-agent.given" .ref) (has $.pod .pods) -}}
{{- $own := dict "variable" .variable "secret" (include "bitbucket-agent.fullname" $.root) "key" .variable -}}
{{- $files = append $files (ternary (dict "variable" .variable "secret" .ref.existingSecret "key" .ref.key) $own (not (empty .ref.existingSecret))) -}}
{{- end -}}
{{- end -}}
{{- toJson $files -}}
{{- end -}}

{{/* What the Secret of the chart has: variable to value, as JSON. */}}
{{- define "bitbucket-agent.ownSecret" -}}
{{- $data := dict -}}
{{- range include "bitbucket-agent.secretPlaces" . | fromJsonArray -}}
{{- if .ref.value -}}
{{- $_ := set $data .variable .ref.value -}}
{{- end -}}
{{- end -}}
{{- toJson $data -}}
{{- end -}}

{{/*
Annotations that roll the pods when what they have read is changed. Whoever may see pods sees them, so the one of the
Secret is not a bare hash of it, from which a short password could be guessed, but goes through scrypt first.
*/}}
{{- define "bitbucket-agent.checksums" -}}
{{- $secret := include "bitbucket-agent.ownSecret" . -}}
{{- if ne $secret "{}" }}
checksum/secret: {{ derivePassword 1 "maximum" $secret .Release.Namespace (include "bitbucket-agent.fullname" .) | sha256sum | trunc 32 }}
{{- end }}
{{- with include "bitbucket-agent.acceptListText" . }}
checksum/accept-list: {{ sha256sum . | trunc 32 }}
{{- end }}
{{- with .Values.ca.pem }}
checksum/ca: {{ sha256sum . | trunc 32 }}
{{- end }}
{{- end -}}
