{{/* What selects the pods of a component. Argument: root, component. */}}
{{- define "bitbucket-agent.selector" -}}
app.kubernetes.io/name: {{ include "bitbucket-agent.name" .root | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* Argument: root, component (none for what belongs to all), labels (further ones). */}}
{{- define "bitbucket-agent.labels" -}}
{{- $own := include "bitbucket-agent.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" (.root.Chart.AppVersion | toString) -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "app.kubernetes.io/part-of" .root.Chart.Name -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") -}}
{{- toYaml (merge $own (.labels | default dict) (.root.Values.commonLabels | default dict)) -}}
{{- end -}}

{{/* The metadata of an object. Argument: root, name, component, labels, annotations. */}}
{{- define "bitbucket-agent.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .root.Release.Namespace | quote }}
labels:
  {{- include "bitbucket-agent.labels" . | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) (.root.Values.commonAnnotations | default dict) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/*
The metadata of a pod that is made by another object, without what changes with the chart's version: a new version that
changes nothing in the pods does not roll them. Argument: root, component, labels, annotations, operatorsPort.
*/}}
{{- define "bitbucket-agent.podMetadata" -}}
{{- $annotations := merge (dict) (include "bitbucket-agent.checksums" .root | fromYaml) (.annotations | default dict) (.root.Values.commonAnnotations | default dict) -}}
{{- $labels := merge (dict) (.labels | default dict) -}}
{{- if .operatorsPort -}}
{{- $_ := set $labels "bitbucket-agent/operators-port" "true" -}}
{{- end -}}
labels:
  {{- merge (include "bitbucket-agent.selector" . | fromYaml) $labels (.root.Values.commonLabels | default dict) | toYaml | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
