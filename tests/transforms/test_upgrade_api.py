"""upgrade-api: what is no longer served becomes what is, field by field."""

from __future__ import annotations

import pytest

from tests import runs
from tests.transforms import tools


def patchset(options: str = "") -> str:
    return tools.patchset("upgrade-api", options)


def resource(version: str, kind: str, rest: str = "") -> str:
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n{rest}"


def autoscaler(version: str, metric: str, target: str = "apps/v1") -> str:
    reference = f"{{apiVersion: {target}, kind: Deployment, name: web}}"
    spec = f"{{scaleTargetRef: {reference}, minReplicas: 2, maxReplicas: 100, metrics: [{metric}]}}"
    return resource(f"autoscaling/{version}", "HorizontalPodAutoscaler", f"spec: {spec}\n")


def ingress(version: str, spec: str, annotations: str = "{}") -> str:
    rest = f"metadata: {{name: x, annotations: {annotations}}}\nspec: {spec}\n"
    return f"apiVersion: {version}\nkind: Ingress\n{rest}"


def metric(kind: str, members: str) -> str:
    return f"{{type: {kind}, {kind[0].lower()}{kind[1:]}: {{{members}}}}}"


def paths(path: str) -> str:
    return f"{{rules: [{{host: a}}, {{host: b, http: {{paths: [{path}]}}}}]}}"


def definition(version: str, spec: str) -> str:
    names = "group: example.org, names: {kind: X, plural: xs}"
    return resource(
        f"apiextensions.k8s.io/{version}", "CustomResourceDefinition", f"spec: {{{names}, {spec}}}\n"
    )


RULE = "spec: {groups: [a]}\n"
UNKNOWN = "x-kubernetes-preserve-unknown-fields: true"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            autoscaler("v2beta1", metric("Resource", "name: cpu, targetAverageUtilization: 80")),
            autoscaler(
                "v2",
                metric("Resource", "name: cpu, target: {type: Utilization, averageUtilization: 80}"),
            ),
            id="HPA utilization",
        ),
        pytest.param(
            autoscaler("v2beta1", metric("Resource", "name: memory, targetAverageValue: 1Gi")),
            autoscaler(
                "v2",
                metric("Resource", "name: memory, target: {type: AverageValue, averageValue: 1Gi}"),
            ),
            id="HPA average value",
        ),
        pytest.param(
            autoscaler(
                "v2beta1",
                metric("ContainerResource", "name: cpu, container: a, targetAverageUtilization: 80"),
            ),
            autoscaler(
                "v2",
                metric(
                    "ContainerResource",
                    "name: cpu, container: a, target: {type: Utilization, averageUtilization: 80}",
                ),
            ),
            id="HPA container",
        ),
        pytest.param(
            autoscaler(
                "v2beta1",
                metric("Pods", "metricName: m, targetAverageValue: 500m, selector: {matchLabels: {a: b}}"),
            ),
            autoscaler(
                "v2",
                metric(
                    "Pods",
                    "metric: {name: m, selector: {matchLabels: {a: b}}}, "
                    "target: {type: AverageValue, averageValue: 500m}",
                ),
            ),
            id="HPA pods",
        ),
        pytest.param(
            autoscaler(
                "v2beta1",
                metric("Object", "target: {kind: Service, name: s}, metricName: m, targetValue: 10"),
            ),
            autoscaler(
                "v2",
                metric(
                    "Object",
                    "describedObject: {kind: Service, name: s}, metric: {name: m}, "
                    "target: {type: Value, value: 10}",
                ),
            ),
            id="HPA object",
        ),
        pytest.param(
            autoscaler(
                "v2beta1",
                metric(
                    "External", "metricName: m, metricSelector: {matchLabels: {a: b}}, targetAverageValue: 1"
                ),
            ),
            autoscaler(
                "v2",
                metric(
                    "External",
                    "metric: {name: m, selector: {matchLabels: {a: b}}}, "
                    "target: {type: AverageValue, averageValue: 1}",
                ),
            ),
            id="HPA external",
        ),
        pytest.param(
            autoscaler("v2beta2", metric("Resource", "name: cpu, target: {type: Value, value: 1}")),
            autoscaler("v2", metric("Resource", "name: cpu, target: {type: Value, value: 1}")),
            id="HPA v2beta2",
        ),
        pytest.param(
            autoscaler("v2beta2", "", "extensions/v1beta1"),
            autoscaler("v2", "", "apps/v1"),
            id="HPA of a workload that is upgraded too",
        ),
        pytest.param(
            resource("batch/v1beta1", "CronJob", RULE), resource("batch/v1", "CronJob", RULE), id="CronJob"
        ),
        pytest.param(
            resource("policy/v1beta1", "PodDisruptionBudget", "spec: {selector: {matchLabels: {a: b}}}\n"),
            resource("policy/v1", "PodDisruptionBudget", "spec: {selector: {matchLabels: {a: b}}}\n"),
            id="PDB",
        ),
        pytest.param(
            resource("policy/v1beta1", "PodDisruptionBudget", "spec: {minAvailable: 1, selector: {}}\n"),
            resource("policy/v1", "PodDisruptionBudget", "spec: {minAvailable: 1}\n"),
            id="PDB of no pod",
        ),
        pytest.param(
            ingress("extensions/v1beta1", paths("{path: /, backend: {serviceName: s, servicePort: 80}}")),
            ingress(
                "networking.k8s.io/v1",
                paths(
                    "{path: /, "
                    "pathType: ImplementationSpecific, backend: {service: {name: s, port: {number: 80}}}}"
                ),
            ),
            id="Ingress",
        ),
        pytest.param(
            ingress(
                "networking.k8s.io/v1beta1",
                paths("{pathType: Prefix, backend: {serviceName: s, servicePort: use-annotation}}"),
            ),
            ingress(
                "networking.k8s.io/v1",
                paths(
                    "{path: /, pathType: Prefix, backend: {service: {name: s, port: {name: use-annotation}}}}"
                ),
            ),
            id="Ingress with a port by name and no path",
        ),
        pytest.param(
            ingress("networking.k8s.io/v1beta1", '{backend: {serviceName: s, servicePort: "80"}}'),
            ingress("networking.k8s.io/v1", "{defaultBackend: {service: {name: s, port: {number: 80}}}}"),
            id="Ingress with a default, and a number as text",
        ),
        pytest.param(
            ingress("networking.k8s.io/v1beta1", paths("{path: /, backend: {resource: {kind: B, name: b}}}")),
            ingress(
                "networking.k8s.io/v1",
                paths("{path: /, pathType: ImplementationSpecific, backend: {resource: {kind: B, name: b}}}"),
            ),
            id="Ingress with a resource",
        ),
        pytest.param(
            ingress("networking.k8s.io/v1beta1", "{}", "{kubernetes.io/ingress.class: alb}"),
            ingress("networking.k8s.io/v1", "{}", "{kubernetes.io/ingress.class: alb}"),
            id="Ingress class stays an annotation",
        ),
        pytest.param(
            resource("apiregistration.k8s.io/v1beta1", "APIService", RULE),
            resource("apiregistration.k8s.io/v1", "APIService", RULE),
            id="APIService",
        ),
        pytest.param(
            resource("rbac.authorization.k8s.io/v1beta1", "ClusterRole", "rules: []\n"),
            resource("rbac.authorization.k8s.io/v1", "ClusterRole", "rules: []\n"),
            id="ClusterRole",
        ),
        pytest.param(
            resource(
                "rbac.authorization.k8s.io/v1alpha1",
                "RoleBinding",
                "subjects: [{kind: User, apiVersion: rbac.authorization.k8s.io/v1alpha1, name: u}, "
                "{kind: ServiceAccount, apiVersion: v1, name: s}]\n",
            ),
            resource(
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                "subjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: u}, "
                "{kind: ServiceAccount, name: s}]\n",
            ),
            id="subjects",
        ),
        pytest.param(
            resource(
                "extensions/v1beta1",
                "Deployment",
                "spec: {rollbackTo: {}, template: {metadata: {labels: {a: b}}}}\n",
            ),
            resource(
                "apps/v1",
                "Deployment",
                "spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}\n",
            ),
            id="Deployment",
        ),
        pytest.param(
            definition(
                "v1beta1",
                "version: v1, subresources: {status: {}}, preserveUnknownFields: false, "
                "additionalPrinterColumns: [{name: Age, type: date, JSONPath: .a}], "
                "validation: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}",
            ),
            definition(
                "v1",
                "scope: Namespaced, versions: [{name: v1, served: true, storage: true, "
                "schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}, "
                "subresources: {status: {}}, "
                "additionalPrinterColumns: [{name: Age, type: date, jsonPath: .a}]}]",
            ),
            id="CRD of one version",
        ),
        pytest.param(
            definition(
                "v1beta1",
                "scope: Cluster, version: v2, versions: [{name: v2, served: true, storage: true}, "
                "{name: v1, served: true, storage: false, schema: "
                "{openAPIV3Schema: {properties: {a: {type: string}}}}}], "
                "conversion: {strategy: Webhook, webhookClientConfig: {url: u}}",
            ),
            definition(
                "v1",
                "scope: Cluster, versions: [{name: v2, served: true, storage: true, "
                f"schema: {{openAPIV3Schema: {{type: object, {UNKNOWN}}}}}}}, "
                "{name: v1, served: true, storage: false, schema: "
                f"{{openAPIV3Schema: {{type: object, properties: {{a: {{type: string}}}}, {UNKNOWN}}}}}}}], "
                "conversion: {strategy: Webhook, "
                "webhook: {conversionReviewVersions: [v1beta1], clientConfig: {url: u}}}",
            ),
            id="CRD of several, without a schema, with a webhook",
        ),
    ],
)
def test_becomes(before: str, after: str) -> None:
    tools.becomes(patchset(), before, after)
    runs.stays(patchset(), runs.run(patchset(), before).output.decode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(autoscaler("v1", ""), id="HPA v1"),
        pytest.param(ingress("networking.k8s.io/v1", "{}"), id="Ingress v1"),
        pytest.param(
            resource("security.istio.io/v1beta1", "PeerAuthentication"), id="v1beta1 of another group"
        ),
        pytest.param(resource("batch/v1", "Job"), id="Job"),
    ],
)
def test_stays(text: str) -> None:
    runs.stays(patchset(), text)


def test_only_the_lines_of_what_changes_change() -> None:
    before = """\
apiVersion: networking.k8s.io/v1beta1 # old
kind: Ingress
metadata:
  name: "web"
spec:
  rules:
    - host: web.example.org
      http:
        paths:
          # all of it
          - path: "/"
            pathType: Prefix
            backend:
              serviceName: web
              servicePort: http
"""
    after = """\
apiVersion: networking.k8s.io/v1 # old
kind: Ingress
metadata:
  name: "web"
spec:
  rules:
    - host: web.example.org
      http:
        paths:
          # all of it
          - path: "/"
            pathType: Prefix
            backend:
              service:
                name: web
                port:
                  name: http
"""
    runs.becomes(patchset(), before, after)


def test_the_class_as_a_field() -> None:
    before = ingress("networking.k8s.io/v1beta1", "{rules: []}", "{kubernetes.io/ingress.class: alb, a: b}")
    after = ingress("networking.k8s.io/v1", "{rules: [], ingressClassName: alb}", "{a: b}")
    tools.becomes(patchset("{ingressClass: field}"), before, after)


def test_the_type_of_paths() -> None:
    path = "{path: /a, backend: {resource: {}}}"
    before = ingress("extensions/v1beta1", paths(path))
    after = ingress("networking.k8s.io/v1", paths(path.replace("{path", "{pathType: Prefix, path")))
    tools.becomes(patchset("{pathType: Prefix}"), before, after)


POLICY = resource("policy/v1beta1", "PodSecurityPolicy")
POD = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"


def test_what_has_no_heir_is_dropped_with_a_note() -> None:
    rendered = runs.becomes(patchset(), POLICY + POD, POD)
    assert runs.notes(rendered) == [
        "patchset p, patch 1, on PodSecurityPolicy x: "
        "PodSecurityPolicy of policy/v1beta1 has no heir: it is dropped"
    ]


def test_what_has_no_heir_can_be_an_error() -> None:
    runs.refuses(
        patchset("{dropped: error}"),
        POLICY + POD,
        "patchset p, patch 1 (p.yaml:6), on PodSecurityPolicy x: "
        "PodSecurityPolicy of policy/v1beta1 has no heir (`dropped: note` takes it away)",
    )


def test_a_metric_without_a_target() -> None:
    runs.refuses(
        patchset(),
        autoscaler("v2beta1", metric("Resource", "name: cpu")),
        "patchset p, patch 1 (p.yaml:6), on HorizontalPodAutoscaler x: a metric without a target",
    )
