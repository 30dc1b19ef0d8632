{{- define "reelgate.labels" }}
    app.kubernetes.io/name: reelgate
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
    app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "reelgate.secret" }}
{{- if .Values.existingSecret }}{{ .Values.existingSecret }}{{ else }}{{ .Release.Name }}-reelgate{{ end }}
{{- end }}

{{- define "reelgate.pod" }}
      automountServiceAccountToken: false
      securityContext:
        runAsNonRoot: true
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
{{- end }}

{{- define "reelgate.container" }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          volumeMounts:
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "reelgate.environment" }}
            - name: REELGATE_STORE
              valueFrom:
                secretKeyRef: {name: {{ template "reelgate.secret" . }}, key: store}
            - name: REELGATE_MASTER_KEY
              valueFrom:
                secretKeyRef: {name: {{ template "reelgate.secret" . }}, key: master-key}
{{- range $name, $value := .Values.environment }}
            - {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}
