{{- define "bitbucket-agent.rule.extraEnv" -}}
{{- $own := include "bitbucket-agent.ownVariables" . | fromYaml -}}
{{- range include "bitbucket-agent.secretPlaces" . | fromJsonArray -}}
{{- $_ := set $own .variable .path -}}
{{- end -}}
{{- $seen := dict -}}
{{- range $index, $entry := .Values.extraEnv -}}
{{- $plain := upper $entry.name | trimSuffix "_FILE" -}}
{{- if hasKey $seen $plain }}
extraEnv[{{ $index }}]: is {{ $entry.name }}, which extraEnv[{{ get $seen $plain }}] sets already. Take one of them out.
{{- end }}
{{- $_ := set $seen $plain (toString $index) -}}
{{- if hasKey $own $plain }}
extraEnv[{{ $index }}]: is {{ $entry.name }}, which the chart sets. Use {{ get $own $plain }} for it.
{{- else if and $entry.value (not (hasSuffix "_FILE" $entry.name)) (regexMatch "(?i)TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|(^|_)(PAT|PASS|KEY)(_|$)" $entry.name) }}
extraEnv[{{ $index }}]: {{ $entry.name }} has a value that everybody sees who may see the pod. Put it into a Secret, and name that in extraSecrets.
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bitbucket-agent.rule.extraVolumes" -}}
{{- $kinds := list "configMap" "csi" "downwardAPI" "emptyDir" "ephemeral" "persistentVolumeClaim" "projected" "secret" -}}
{{- $seen := dict -}}
{{- range $index, $volume := .Values.extraVolumes -}}
{{- if hasKey $seen $volume.name }}
extraVolumes[{{ $index }}].name: is {{ $volume.name }}, which extraVolumes[{{ get $seen $volume.name }}] has already. Set another one.
{{- end }}
{{- $_ := set $seen $volume.name (toString $index) -}}
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
