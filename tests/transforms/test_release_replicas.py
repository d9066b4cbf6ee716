"""release-replicas: what an autoscaler in the stream scales has no number of its own."""

from __future__ import annotations

import pytest

from tests import runs
from tests.transforms import tools

PATCHSET = tools.patchset("release-replicas", target="{kind: Deployment|StatefulSet|Rollout}")


def workload(kind: str = "Deployment", group: str = "apps/v1", namespace: str = "") -> str:
    where = f"\n  namespace: {namespace}" if namespace else ""
    return f"""\
---
apiVersion: {group}
kind: {kind}
metadata:
  name: web{where}
spec:
  replicas: 2 # of them
  selector: {{matchLabels: {{app: web}}}}
  template: {{metadata: {{labels: {{app: web}}}}}}
"""


def scaler(reference: str, kind: str = "HorizontalPodAutoscaler", group: str = "autoscaling/v2") -> str:
    spec = f"{{scaleTargetRef: {{{reference}}}}}"
    return f"---\napiVersion: {group}\nkind: {kind}\nmetadata: {{name: s}}\nspec: {spec}\n"


HPA = scaler("apiVersion: apps/v1, kind: Deployment, name: web")


@pytest.mark.parametrize(
    ("before", "autoscaler"),
    [
        pytest.param(workload(), HPA, id="Deployment"),
        pytest.param(workload("StatefulSet"), scaler("kind: StatefulSet, name: web"), id="StatefulSet"),
        pytest.param(
            workload("Rollout", "argoproj.io/v1alpha1"),
            scaler("apiVersion: argoproj.io/v1alpha1, kind: Rollout, name: web"),
            id="Rollout",
        ),
        pytest.param(
            workload(),
            scaler("apiVersion: extensions/v1beta1, kind: Deployment, name: web", group="autoscaling/v1"),
            id="old versions",
        ),
        pytest.param(workload(), scaler("name: web", "ScaledObject", "keda.sh/v1alpha1"), id="KEDA"),
        pytest.param(workload(namespace="xnat"), HPA, id="the release's namespace"),
    ],
)
def test_becomes(before: str, autoscaler: str) -> None:
    after = before.replace("  replicas: 2 # of them\n", "") + autoscaler
    runs.becomes(PATCHSET, before + autoscaler, after, namespace="xnat")
    runs.stays(PATCHSET, after, namespace="xnat")


@pytest.mark.parametrize(
    ("before", "autoscaler"),
    [
        pytest.param(workload(), "", id="no autoscaler"),
        pytest.param(workload(), scaler("kind: Deployment, name: web-2"), id="another name"),
        pytest.param(workload(), scaler("kind: StatefulSet, name: web"), id="another kind"),
        pytest.param(workload(), scaler("apiVersion: a/v1, kind: Deployment, name: web"), id="another group"),
        pytest.param(workload(namespace="other"), HPA, id="another namespace"),
    ],
)
def test_refuses_where_nothing_scales_it(before: str, autoscaler: str) -> None:
    error = runs.refuses(
        PATCHSET,
        before + autoscaler,
        "patchset p, patch 1 (p.yaml:6): no HorizontalPodAutoscaler or ScaledObject for the replicas in "
        f"Deployment {'other/' * ('other' in before)}web",
        namespace="xnat",
    )
    assert not error.hint


def test_those_that_nothing_scales_stay() -> None:
    other = workload().replace("name: web", "name: other")
    after = workload().replace("  replicas: 2 # of them\n", "")
    runs.becomes(PATCHSET, other + workload() + HPA, other + after + HPA)
