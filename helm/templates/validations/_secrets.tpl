{{- define "bitbucket-agent.rule.required" -}}
{{- if not (include "bitbucket-agent.given" .Values.snyk.brokerToken) }}
snyk.brokerToken: is not set. Set snyk.brokerToken.existingSecret to a Secret whose key {{ .Values.snyk.brokerToken.key }} has the Broker token, or snyk.brokerToken.value.
{{- end }}
{{- if not .Values.bitbucket.url }}
bitbucket.url: is not set. Set it to Bitbucket's base URL, such as https://bitbucket.example.com.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.login" -}}
{{- with .Values.bitbucket -}}
{{- $token := or (include "bitbucket-agent.given" .pat) (include "bitbucket-agent.given" .patPool) -}}
{{- $user := or (include "bitbucket-agent.given" .username) (include "bitbucket-agent.given" .usernamePool) -}}
{{- $password := or (include "bitbucket-agent.given" .password) (include "bitbucket-agent.given" .passwordPool) -}}
{{- if and $user (not $password) }}
bitbucket.password: is not set, but bitbucket.username is. Set bitbucket.password.existingSecret.
{{- else if and $password (not $user) }}
bitbucket.username: is not set, but bitbucket.password is. Set bitbucket.username.existingSecret.
{{- else if not (or $token $user) }}
bitbucket: has no login. Set bitbucket.pat.existingSecret to a Secret whose key {{ .pat.key }} has an HTTP access token, or bitbucket.username and bitbucket.password.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.secrets" -}}
{{- range include "bitbucket-agent.secretPlaces" . | fromJsonArray -}}
{{- if and .ref.value .ref.existingSecret }}
{{ .path }}: has both value and existingSecret ({{ .ref.existingSecret }}). Set one of them.
{{- end }}
{{- if and .ref.existingSecret (not .ref.key) }}
{{ .path }}.key: is empty, and existingSecret is {{ .ref.existingSecret }}. Set it to the key in that Secret, such as {{ .variable }}.
{{- end }}
{{- end -}}
{{- end -}}

{{/* The chart's own Secret would take the place of one that is there, or fail to. */}}
{{- define "bitbucket-agent.rule.secretName" -}}
{{- $own := include "bitbucket-agent.fullname" . -}}
{{- $made := list -}}
{{- range include "bitbucket-agent.secretPlaces" . | fromJsonArray -}}
{{- if .ref.value -}}{{- $made = append $made (printf "%s.value" .path) -}}{{- end -}}
{{- end -}}
{{- if $made -}}
{{- $named := list (dict "path" "publicPort.tls" "ref" .Values.publicPort.tls) (dict "path" "ca" "ref" .Values.ca) -}}
{{- range concat (include "bitbucket-agent.secretPlaces" . | fromJsonArray) $named -}}
{{- if eq (.ref.existingSecret | default "") $own }}
{{ .path }}.existingSecret: is {{ $own }}, as the Secret that the chart makes of {{ join " and " $made }} would be called. Put that into a Secret too, or name yours otherwise.
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.tokens" -}}
{{- range $path, $ref := dict "operators.token" .Values.operators.token "inventory.token" .Values.inventory.token "httpRelay.token" .Values.httpRelay.token -}}
{{- $length := $ref.value | default "" | trim | len -}}
{{- if and $ref.value (lt $length 16) }}
{{ $path }}.value: has {{ $length }} characters. Set a random text of 16 or more.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.extraSecrets" -}}
{{- $taken := include "bitbucket-agent.ownVariables" . | fromYaml -}}
{{- range include "bitbucket-agent.secretPlaces" . | fromJsonArray -}}
{{- if hasKey $taken .variable }}
{{ .path }}.variable: is {{ .variable }}, which is set already. Use {{ get $taken .variable }} for it.
{{- end }}
{{- $_ := set $taken .variable .path -}}
{{- end -}}
{{- end -}}
