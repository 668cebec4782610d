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
