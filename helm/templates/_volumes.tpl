{{/* The volumes of a pod. Argument: root, pod, state (the volume source of STATE_DIR). */}}
{{- define "bitbucket-agent.volumes" -}}
- name: state
  {{- toYaml .state | nindent 2 }}
- name: tmp
  emptyDir:
    sizeLimit: 128Mi
{{- with include "bitbucket-agent.secretFiles" . | fromJsonArray }}
- name: secrets
  projected:
    defaultMode: 288 # 0440
    sources:
      {{- range . }}
      - secret:
          name: {{ .secret | quote }}
          items:
            - key: {{ .key | quote }}
              path: {{ .variable | quote }}
      {{- end }}
{{- end }}
{{- with include "bitbucket-agent.acceptListVolume" .root }}
- name: accept-list
  {{- . | nindent 2 }}
{{- end }}
{{- with include "bitbucket-agent.caVolume" .root }}
- name: ca
  {{- . | nindent 2 }}
{{- end }}
{{- if eq .pod "relay" }}
{{- with .root.Values.publicPort.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . | quote }}
    defaultMode: 288 # 0440
{{- end }}
{{- end }}
{{- with .root.Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where the container sees them. Argument: root, pod. */}}
{{- define "bitbucket-agent.volumeMounts" -}}
{{- $files := include "bitbucket-agent.filesFolder" .root -}}
- name: state
  mountPath: {{ include "bitbucket-agent.stateFolder" .root }}
- name: tmp
  mountPath: /tmp
{{- if include "bitbucket-agent.secretFiles" . | fromJsonArray }}
- name: secrets
  mountPath: {{ include "bitbucket-agent.secretsFolder" .root }}
  readOnly: true
{{- end }}
{{- if include "bitbucket-agent.acceptListVolume" .root }}
- name: accept-list
  mountPath: {{ $files }}/accept
  readOnly: true
{{- end }}
{{- if include "bitbucket-agent.caVolume" .root }}
- name: ca
  mountPath: {{ $files }}/ca
  readOnly: true
{{- end }}
{{- if and (eq .pod "relay") .root.Values.publicPort.tls.existingSecret }}
- name: tls
  mountPath: {{ $files }}/tls
  readOnly: true
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
