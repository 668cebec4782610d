/** Kubernetes as the Go module `k8s.io/kubernetes`, whose OpenAPI document says what its API takes. */
export interface KubernetesSource {
  /** As `helm template --kube-version` and kubeconform take it. */
  readonly version: string;
  /** As go.sum has it. */
  readonly sum: string;
}

/** The oldest one that the chart was tried on, then from the oldest to the newest of the supported ones. */
export const KUBERNETES: readonly KubernetesSource[] = [
  { version: '1.20.2', sum: 'h1:EsQROw+yFsDMfjEHp52cKs4JVI6lAHA2SHGAF88cK7s=' },
  { version: '1.31.14', sum: 'h1:UtjLfqvXLuSVDdJ4+NpQCIfFkKkLnAAVmxAEMsnkhjk=' },
  { version: '1.34.4', sum: 'h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk=' },
  { version: '1.37.2', sum: 'h1:A2VDEiObzkYqFTKhSsn0ZEb0RlLEXpHWj93gi2HqEwE=' },
];

/** The newest: what a check takes that asks for one version only. */
export const NEWEST = '1.37.2';

/** Where ServiceMonitor and PrometheusRule are defined. */
export const PROMETHEUS_OPERATOR = {
  module: 'github.com/prometheus-operator/prometheus-operator',
  version: 'v0.85.0',
  sum: 'h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=',
  folder: 'example/prometheus-operator-crd',
  files: ['monitoring.coreos.com_servicemonitors.yaml', 'monitoring.coreos.com_prometheusrules.yaml'],
} as const;
