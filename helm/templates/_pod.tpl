{{/* What Pod Security "restricted" asks of a pod, and no values that weaken it. */}}
{{- define "bitbucket-agent.podSecurityContext" -}}
runAsNonRoot: true
{{- with .Values.podSecurity }}
{{- with .runAsUser }}
runAsUser: {{ int64 . }}
{{- end }}
{{- with .runAsGroup }}
runAsGroup: {{ int64 . }}
{{- end }}
{{- with .fsGroup }}
fsGroup: {{ int64 . }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "bitbucket-agent.containerSecurityContext" -}}
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
privileged: false
readOnlyRootFilesystem: true
{{- end -}}

{{/* A probe of the public port. Argument: root, pod, probe (startup, liveness, readiness), path. */}}
{{- define "bitbucket-agent.probe" -}}
{{- $https := and (eq .pod "relay") .root.Values.publicPort.tls.existingSecret -}}
httpGet:
  path: {{ .path }}
  port: public
  scheme: {{ ternary "HTTPS" "HTTP" (not (empty $https)) }}
{{- range $name, $value := get .root.Values.probes .probe }}
{{ $name }}: {{ int $value }}
{{- end }}
{{- end -}}

{{/* The ports that a pod opens. Argument: root, pod. */}}
{{- define "bitbucket-agent.ports" -}}
- name: public
  containerPort: 8000
  protocol: TCP
{{- if .root.Values.operators.expose }}
- name: operators
  containerPort: 8001
  protocol: TCP
{{- end }}
{{- if and (eq .pod "relay") .root.Values.httpRelay.enabled }}
- name: http-relay
  containerPort: 8002
  protocol: TCP
{{- end }}
{{- if eq .pod "keeper" }}
- name: inventory
  containerPort: 8003
  protocol: TCP
{{- end }}
{{- end -}}

{{/* The agent's container. Argument: root, pod, name, args, serves (opens ports and has probes), preStopSeconds, resources. */}}
{{- define "bitbucket-agent.container" -}}
{{- $v := .root.Values -}}
- name: {{ .name }}
  image: {{ include "bitbucket-agent.image" .root | quote }}
  imagePullPolicy: {{ $v.image.pullPolicy }}
  args:
    {{- toYaml .args | nindent 4 }}
  env:
    {{- include "bitbucket-agent.env" . | trim | nindent 4 }}
  {{- if .serves }}
  ports:
    {{- include "bitbucket-agent.ports" . | nindent 4 }}
  startupProbe:
    {{- include "bitbucket-agent.probe" (merge (dict "probe" "startup" "path" "/livez") .) | nindent 4 }}
  livenessProbe:
    {{- include "bitbucket-agent.probe" (merge (dict "probe" "liveness" "path" "/livez") .) | nindent 4 }}
  readinessProbe:
    {{- include "bitbucket-agent.probe" (merge (dict "probe" "readiness" "path" "/readyz") .) | nindent 4 }}
  {{- end }}
  {{- with .preStopSeconds }}
  lifecycle:
    preStop:
      {{- include "bitbucket-agent.wait" (dict "root" $.root "seconds" .) | nindent 6 }}
  {{- end }}
  {{- with .resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    {{- include "bitbucket-agent.containerSecurityContext" .root | nindent 4 }}
  volumeMounts:
    {{- include "bitbucket-agent.volumeMounts" . | trim | nindent 4 }}
{{- end -}}

{{/* A hook that waits. Kubernetes before 1.30 has none for it, and the image no shell. Argument: root, seconds. */}}
{{- define "bitbucket-agent.wait" -}}
{{- if semverCompare ">=1.30-0" .root.Capabilities.KubeVersion.Version -}}
sleep:
  seconds: {{ int .seconds }}
{{- else -}}
exec:
  command:
    - node
    - -e
    - setTimeout(() => {}, {{ mul (int .seconds) 1000 }})
{{- end -}}
{{- end -}}

{{/*
A pod's spec. Argument: root, pod (relay, keeper, job: whose variables it has), name, args, serves, preStopSeconds,
graceSeconds, resources, restartPolicy, state (the volume source), place (values with nodeSelector, tolerations, …).
*/}}
{{- define "bitbucket-agent.podSpec" -}}
{{- $v := .root.Values -}}
automountServiceAccountToken: false
enableServiceLinks: false
serviceAccountName: {{ include "bitbucket-agent.serviceAccountName" .root | quote }}
{{- with $v.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .restartPolicy }}
restartPolicy: {{ . }}
{{- end }}
terminationGracePeriodSeconds: {{ .graceSeconds }}
securityContext:
  {{- include "bitbucket-agent.podSecurityContext" .root | nindent 2 }}
containers:
  {{- include "bitbucket-agent.container" . | nindent 2 }}
volumes:
  {{- include "bitbucket-agent.volumes" . | trim | nindent 2 }}
{{- with .place }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}
