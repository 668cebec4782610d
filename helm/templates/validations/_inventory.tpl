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
