{{/*
What the schema cannot say: rules between values. Each rule is a template of its own that writes nothing, or a line for
each problem: where, the value, and what to set instead. All problems are told at once. The rules are in
validations/, a file for each part of the values.
*/}}
{{- define "bitbucket-agent.validate" -}}
{{- $rules := list
  "image" "names" "labels" "required" "login" "secrets" "secretName" "tokens" "extraSecrets"
  "budget" "rollout" "drain" "disruption" "profile" "delivery" "inventoryToken" "timeZone" "space" "claim"
  "acceptList" "ca" "operators" "serviceMonitor" "httpRelay" "proxyPorts" "webhook" "ingress"
  "extraEnv" "extraVolumes" "extraVolumeMounts"
-}}
{{- $problems := list -}}
{{- range $rules -}}
{{- range include (printf "bitbucket-agent.rule.%s" .) $ | splitList "\n" -}}
{{- with trim . -}}
{{- $problems = append $problems (printf "  - %s" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $problems -}}
{{- printf "\n\nThe values cannot be used:\n%s\n" (join "\n" $problems) | fail -}}
{{- end -}}
{{- end -}}
