"""convert-workload: a Deployment becomes a StatefulSet, with its claims and all that refers to it."""

from __future__ import annotations

import pytest

from postrender.errors import PostrenderError
from tests import runs
from tests.transforms import tools


def patchset(options: str = "", **how: str) -> str:
    how = {"target": "{kind: Deployment|StatefulSet, name: postgis}", **how}
    return tools.patchset("convert-workload", options, **how)


SERVICE = """\
---
apiVersion: v1
kind: Service
metadata:
  name: postgis
spec:
  ports:
    - port: 5432
"""
CLAIM = """\
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: postgis-data
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  volumeName: pv-1
  resources:
    requests:
      storage: 10Gi
"""
DEPLOYMENT = """\
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: postgis
  labels: {app: postgis}
spec:
  replicas: 1
  progressDeadlineSeconds: 600
  revisionHistoryLimit: 3
  strategy:
    type: Recreate
  selector:
    matchLabels: {app: postgis}
  template:
    metadata:
      labels: {app: postgis}
    spec:
      containers:
        - name: postgis
          image: postgis:16
          volumeMounts:
            - {name: data, mountPath: /var/lib/postgresql}
            - {name: conf, mountPath: /etc/postgresql}
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: postgis-data
        - name: conf
          configMap: {name: postgis}
"""
STATEFUL_SET = """\
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: postgis
  labels: {app: postgis}
spec:
  replicas: 1
  revisionHistoryLimit: 3
  selector:
    matchLabels: {app: postgis}
  template:
    metadata:
      labels: {app: postgis}
    spec:
      containers:
        - name: postgis
          image: postgis:16
          volumeMounts:
            - {name: data, mountPath: /var/lib/postgresql}
            - {name: conf, mountPath: /etc/postgresql}
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: postgis-data
        - name: conf
          configMap: {name: postgis}
  serviceName: postgis
"""
DATA_VOLUME = """\
        - name: data
          persistentVolumeClaim:
            claimName: postgis-data
"""
TEMPLATES = """\
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes:
          - ReadWriteOnce
        storageClassName: gp3
        resources:
          requests:
            storage: 10Gi
"""
BUDGET = """\
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: postgis
spec:
  selector:
    matchLabels: {app: postgis}
"""


def test_fields_that_go_and_claims_that_stay() -> None:
    runs.becomes(patchset(), SERVICE + CLAIM + DEPLOYMENT + BUDGET, SERVICE + CLAIM + STATEFUL_SET + BUDGET)


def test_applied_twice_is_once() -> None:
    runs.stays(patchset(), SERVICE + CLAIM + STATEFUL_SET)


def test_claim_templates_like_the_claim_in_the_stream() -> None:
    after = STATEFUL_SET.replace(DATA_VOLUME, "") + TEMPLATES
    rendered = runs.becomes(
        patchset("{claimTemplates: {data: {}}}"), SERVICE + CLAIM + DEPLOYMENT, SERVICE + CLAIM + after
    )
    assert runs.notes(rendered) == [
        "patchset p, patch 1, on Deployment postgis: the claim postgis-data stays, and nothing moves its "
        "data: pods get data-postgis-0 and so on"
    ]


def test_claim_templates_as_they_are_given() -> None:
    templates = TEMPLATES.replace("gp3", "io2").replace("10Gi", "20Gi").replace("Once", "OncePod")
    after = STATEFUL_SET.replace(DATA_VOLUME, "") + templates
    options = "{data: {size: 20Gi, storageClassName: io2, accessModes: [ReadWriteOncePod]}}"
    runs.becomes(
        patchset(f"{{claimTemplates: {options}}}"), SERVICE + CLAIM + DEPLOYMENT, SERVICE + CLAIM + after
    )


def test_no_volumes_are_left() -> None:
    before = DEPLOYMENT[: DEPLOYMENT.index("        - name: conf")].replace(
        "            - {name: conf, mountPath: /etc/postgresql}\n", ""
    )
    options = "{claimTemplates: {data: {size: 1Gi, accessModes: [ReadWriteOnce]}}}"
    output = runs.run(patchset(options), SERVICE + before).output.decode()
    assert "      volumes:" not in output
    assert "claimName" not in output


def test_a_headless_service_where_there_is_none() -> None:
    output = runs.run(patchset("{serviceName: postgis-pods}"), SERVICE + DEPLOYMENT).output.decode()
    service = """\
apiVersion: v1
kind: Service
metadata:
  name: postgis-pods
  labels:
    app: postgis
spec:
  clusterIP: "None"
  selector:
    app: postgis
"""
    assert service in output
    assert "  serviceName: postgis-pods\n" in output


def test_no_service_can_be_an_error() -> None:
    runs.refuses(
        patchset("{service: require}"),
        DEPLOYMENT,
        "patchset p, patch 1 (p.yaml:6), on Deployment postgis: no Service postgis "
        "(`service: create` would add one)",
    )


HPA = ("autoscaling/v2", "HorizontalPodAutoscaler")
VPA = ("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "targetRef")
KEDA = ("keda.sh/v1alpha1", "ScaledObject")


def scaler(reference: str, version: str, kind: str, member: str = "scaleTargetRef") -> str:
    lines = "".join(f"    {line}\n" for line in reference.split(", "))
    return f"---\napiVersion: {version}\nkind: {kind}\nmetadata:\n  name: s\nspec:\n  {member}:\n{lines}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            scaler("apiVersion: apps/v1, kind: Deployment, name: postgis", *HPA),
            scaler("apiVersion: apps/v1, kind: StatefulSet, name: postgis", *HPA),
            id="HPA",
        ),
        pytest.param(
            scaler("apiVersion: extensions/v1beta1, kind: Deployment, name: postgis", *HPA),
            scaler("apiVersion: apps/v1, kind: StatefulSet, name: postgis", *HPA),
            id="HPA with an old version of the workload",
        ),
        pytest.param(
            scaler("kind: Deployment, name: postgis", *VPA),
            scaler("kind: StatefulSet, name: postgis", *VPA),
            id="VPA",
        ),
        pytest.param(
            scaler("name: postgis", *KEDA),
            scaler("name: postgis, kind: StatefulSet", *KEDA),
            id="KEDA, which takes what has no kind for a Deployment",
        ),
        pytest.param(
            other := scaler("kind: Deployment, name: mongodb", *HPA), other, id="stays: another workload"
        ),
        pytest.param(
            other := scaler("apiVersion: example.org/v1, kind: Deployment, name: postgis", *HPA),
            other,
            id="stays: another group",
        ),
        pytest.param(
            other := scaler("kind: Deployment, name: postgis", *HPA).replace(
                "  name: s", "  namespace: other\n  name: s"
            ),
            other,
            id="stays: another namespace",
        ),
    ],
)
def test_references(before: str, after: str) -> None:
    runs.becomes(
        patchset(), SERVICE + DEPLOYMENT + before, SERVICE + STATEFUL_SET + after, namespace="cytomine"
    )


def test_the_object_of_a_metric() -> None:
    before = scaler("kind: ReplicaSet, name: other", *HPA) + (
        "  metrics:\n    - type: Object\n      object:\n"
        "        describedObject:\n          kind: Deployment\n          name: postgis\n"
    )
    after = before.replace("kind: Deployment", "kind: StatefulSet")
    runs.becomes(patchset(), SERVICE + DEPLOYMENT + before, SERVICE + STATEFUL_SET + after)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            "{claimTemplates: {dat: {}}}",
            "no volume dat in the pod template (did you mean data?)",
            id="volume",
        ),
        pytest.param(
            "{claimTemplates: {data: {}}}",
            "no accessModes for the claims of the volume data (the claim postgis-data is not here: "
            "say accessModes in claimTemplates)",
            id="claim that is not in the stream",
        ),
        pytest.param(
            "{claimTemplates: {conf: {accessModes: [ReadWriteOnce]}}}",
            "no size for the claims of the volume conf",
            id="no claim, no size",
        ),
        pytest.param("{claimTemplates: {data: {sise: 1Gi}}}", "did you mean size?", id="unknown word"),
        pytest.param(
            "{claimTemplates: {data: {size: [1Gi]}}}", "size for the volume 'data' is a list", id="list"
        ),
        pytest.param("{claimTemplates: {data: {accessModes: x}}}", "is no list", id="no list"),
    ],
)
def test_refuses(options: str, message: str) -> None:
    with pytest.raises(PostrenderError) as caught:
        runs.run(patchset(options), SERVICE + DEPLOYMENT)
    assert message in str(caught.value)


def test_is_for_deployments_as_a_whole() -> None:
    with pytest.raises(PostrenderError, match="no Deployment in Service postgis"):
        runs.run(patchset(target="{kind: Service}"), SERVICE)
    with pytest.raises(PostrenderError, match="for whole resources"):
        runs.run(patchset(patch="at: /spec"), SERVICE + DEPLOYMENT)
