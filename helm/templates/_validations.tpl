{{/*
What the schema cannot say: rules between values. Each rule is a template of its own that writes nothing, or a line for
each problem: where, the value, and what to set instead. All problems are told at once.
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

{{- define "bitbucket-agent.rule.profile" -}}
{{- if and (ne .Values.inventory.mode "none") (not .Values.inventory.profileName) }}
inventory.profileName: is not set, and inventory.mode is {{ .Values.inventory.mode }}. Set it to a name for this integration, such as "Bitbucket Frankfurt", or inventory.mode to none.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.delivery" -}}
{{- with .Values.inventory.delivery -}}
{{- if and (eq .by "https") (not .url) }}
inventory.delivery.url: is not set, but inventory.delivery.by is https. Set it to the URL that batches are posted to.
{{- end }}
{{- if and (ne .by "https") .url }}
inventory.delivery.url: is {{ .url }}, and inventory.delivery.by is {{ .by }}. Set inventory.delivery.by to https, or take the url out.
{{- end }}
{{- if and (ne .by "https") (include "bitbucket-agent.given" .token) }}
inventory.delivery.token: is set, and inventory.delivery.by is {{ .by }}. Set inventory.delivery.by to https, or take the token out.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.inventoryToken" -}}
{{- if and (include "bitbucket-agent.given" .Values.inventory.token) (ne .Values.inventory.mode "deployment") }}
inventory.token: is set, and with inventory.mode {{ .Values.inventory.mode }} nobody asks for it. Take it out, or set inventory.mode to deployment.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.timeZone" -}}
{{- $zone := .Values.inventory.cronjob.timeZone -}}
{{- if and $zone (eq .Values.inventory.mode "cronjob") (semverCompare "<1.25-0" .Capabilities.KubeVersion.Version) }}
inventory.cronjob.timeZone: is {{ $zone }}, and Kubernetes {{ .Capabilities.KubeVersion.Version }} has no time zones for CronJobs; 1.25 has. Take it out, and give inventory.cronjob.schedule in the controller's time.
{{- end }}
{{- end -}}

{{/* The audit trail goes over its limit by the file that is written to, which is 64 MiB at most; the rest is to spare. */}}
{{- define "bitbucket-agent.rule.space" -}}
{{- $audit := int .Values.audit.maxMegabytes -}}
{{- $relay := int .Values.relay.state.sizeMegabytes -}}
{{- if lt $relay (int (add $audit 128)) }}
relay.state.sizeMegabytes: is {{ $relay }}, and audit.maxMegabytes {{ $audit }}: a pod whose volume is full is evicted. Set it to {{ add $audit 128 }} or more, or audit.maxMegabytes to {{ max 8 (sub $relay 128) }}.
{{- end }}
{{- $size := .Values.inventory.persistence.size -}}
{{- $mebibytes := int (regexFind "^[0-9]+" $size) -}}
{{- if hasSuffix "Gi" $size -}}{{- $mebibytes = int (mul $mebibytes 1024) -}}{{- end -}}
{{- if hasSuffix "Ti" $size -}}{{- $mebibytes = int (mul $mebibytes 1048576) -}}{{- end -}}
{{- if and (ne .Values.inventory.mode "none") (not .Values.inventory.persistence.existingClaim) (lt $mebibytes (int (add $audit 512))) }}
inventory.persistence.size: is {{ $size }}, and audit.maxMegabytes {{ $audit }}. Set it to {{ add $audit 512 }}Mi or more.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.claim" -}}
{{- with .Values.inventory.persistence -}}
{{- if and .existingClaim .storageClass }}
inventory.persistence.storageClass: is {{ .storageClass }}, and inventory.persistence.existingClaim {{ .existingClaim }} is there already. Take the storage class out.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.acceptList" -}}
{{- with .Values.acceptList -}}
{{- $given := list -}}
{{- if .inline -}}{{- $given = append $given "acceptList.inline" -}}{{- end -}}
{{- if .file -}}{{- $given = append $given "acceptList.file" -}}{{- end -}}
{{- if .existingConfigMap -}}{{- $given = append $given "acceptList.existingConfigMap" -}}{{- end -}}
{{- if gt (len $given) 1 }}
{{ first $given }}: is set, and {{ rest $given | join " and " }} too. Set one of them.
{{- end }}
{{- end -}}
{{- $size := include "bitbucket-agent.acceptListText" . | len -}}
{{- if gt $size 900000 }}
acceptList: has {{ $size }} bytes; a ConfigMap can have 900000 of it. Mount the file with extraVolumes and extraVolumeMounts from elsewhere, or take rules out.
{{- end }}
{{- end -}}

{{- define "bitbucket-agent.rule.ca" -}}
{{- with .Values.ca -}}
{{- $given := list -}}
{{- if .pem -}}{{- $given = append $given "ca.pem" -}}{{- end -}}
{{- if .existingConfigMap -}}{{- $given = append $given "ca.existingConfigMap" -}}{{- end -}}
{{- if .existingSecret -}}{{- $given = append $given "ca.existingSecret" -}}{{- end -}}
{{- if gt (len $given) 1 }}
{{ first $given }}: is set, and {{ rest $given | join " and " }} too. Set one of them.
{{- end }}
{{- if and .pem (not (contains "-----BEGIN CERTIFICATE-----" .pem)) }}
ca.pem: holds no certificate in PEM form. Set it to text with -----BEGIN CERTIFICATE-----, with --set-file ca.pem=FILE for example.
{{- end }}
{{- if and .pem (contains "PRIVATE KEY-----" .pem) }}
ca.pem: holds a private key, and would be kept in a ConfigMap. Set it to the certificates only.
{{- end }}
{{- end -}}
{{- end -}}

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

{{- define "bitbucket-agent.rule.extraEnv" -}}
{{- $own := include "bitbucket-agent.ownVariables" . | fromYaml -}}
{{- range include "bitbucket-agent.secretPlaces" . | fromJsonArray -}}
{{- $_ := set $own .variable .path -}}
{{- end -}}
{{- range $index, $entry := .Values.extraEnv -}}
{{- $plain := upper $entry.name | trimSuffix "_FILE" -}}
{{- if hasKey $own $plain }}
extraEnv[{{ $index }}]: is {{ $entry.name }}, which the chart sets. Use {{ get $own $plain }} for it.
{{- else if and $entry.value (not (hasSuffix "_FILE" $entry.name)) (regexMatch "(?i)TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|(^|_)(PAT|PASS|KEY)(_|$)" $entry.name) }}
extraEnv[{{ $index }}]: {{ $entry.name }} has a value that everybody sees who may see the pod. Put it into a Secret, and name that in extraSecrets.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.extraVolumes" -}}
{{- $kinds := list "configMap" "csi" "downwardAPI" "emptyDir" "ephemeral" "persistentVolumeClaim" "projected" "secret" -}}
{{- range $index, $volume := .Values.extraVolumes -}}
{{- if has $volume.name (list "state" "tmp" "secrets" "accept-list" "ca" "tls") }}
extraVolumes[{{ $index }}].name: is {{ $volume.name }}, which the chart has. Set another one.
{{- end }}
{{- range without (keys $volume) "name" -}}
{{- if not (has . $kinds) }}
extraVolumes[{{ $index }}]: {{ $volume.name }} is of kind {{ . }}, which Pod Security restricted refuses. Use one of {{ join ", " $kinds }}.
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.extraVolumeMounts" -}}
{{- $files := include "bitbucket-agent.filesFolder" . -}}
{{- $own := list "/" "/tmp" "/app" (include "bitbucket-agent.stateFolder" .) (include "bitbucket-agent.secretsFolder" .) (printf "%s/accept" $files) (printf "%s/ca" $files) (printf "%s/tls" $files) -}}
{{- range $index, $mount := .Values.extraVolumeMounts -}}
{{- if has (trimSuffix "/" $mount.mountPath | default "/") $own }}
extraVolumeMounts[{{ $index }}].mountPath: is {{ $mount.mountPath }}, which the chart uses. Set another folder.
{{- end }}
{{- if not (has $mount.name (include "bitbucket-agent.extraVolumeNames" $ | fromJsonArray)) }}
extraVolumeMounts[{{ $index }}].name: is {{ $mount.name }}, and extraVolumes has no volume of that name. Add it there.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.extraVolumeNames" -}}
{{- $names := list -}}
{{- range .Values.extraVolumes -}}{{- $names = append $names .name -}}{{- end -}}
{{- toJson $names -}}
{{- end -}}
