"""Takes `/spec/replicas` from workloads that an autoscaler in the stream scales: no upgrade resets it then.

    target: {kind: Deployment|StatefulSet}
    transform: release-replicas

A workload is scaled that the `scaleTargetRef` of a HorizontalPodAutoscaler, or of a ScaledObject of KEDA's,
names in the same namespace; the others are none that the patch is for.

The first upgrade after that takes back the number that Helm had written: there may be just one pod until the
autoscaler's next round. Kubernetes says how that is avoided:
https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ ("Migrating Deployments and
StatefulSets to horizontal autoscaling").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from postrender.pointers import mapping_at
from postrender.transforms import Result, workloads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from postrender.kubeyaml import Value
    from postrender.parameters import Schema
    from postrender.transforms import Context

OPTIONS: Final[dict[str, Schema]] = {}
REQUIRED: Final = frozenset[str]()

_SCALERS: Final = ("HorizontalPodAutoscaler", "ScaledObject")


def check(options: Mapping[str, Value]) -> None:
    """There are no options."""


def roots(options: Mapping[str, Value]) -> frozenset[str]:
    """The number is in the spec."""
    return frozenset({"spec"})


def apply(value: Value, options: Mapping[str, Value], context: Context) -> Value | Result:
    """The workload without a number of replicas."""
    data = workloads.whole(value, context)
    for identity, scaler in context.others(*_SCALERS):
        reference = mapping_at(scaler, ("spec", "scaleTargetRef"))
        if workloads.names_workload(reference, context.resource) and context.beside(identity):
            spec = mapping_at(data, ("spec",))
            return {**data, "spec": workloads.without(spec, "replicas")} if "replicas" in spec else data
    return Result(data, missed=f"no {' or '.join(_SCALERS)} for the replicas")
