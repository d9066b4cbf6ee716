"""What the API server does was taken from one (1.36.3) with `kubectl patch --type=strategic`."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postrender.errors import PatchError
from postrender.kubeyaml import Opaque, Value, equal, load
from postrender.patches import REMOVED
from postrender.patches.merge_keys import TABLE, Schema, schema_of
from postrender.patches.strategic import merge, roots
from postrender.pointers import get, parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEPLOYMENT = schema_of("apps", "v1", "Deployment")
METADATA = DEPLOYMENT.at(("metadata",))
WORKLOAD = DEPLOYMENT.at(("spec",))
POD = WORKLOAD.at(("template", "spec"))
CONTAINER = POD.at(("containers", 0))
SERVICE = schema_of("", "v1", "Service").at(("spec",))
BUDGET = schema_of("policy", "v1", "PodDisruptionBudget").at(("spec",))
ROLLOUT = schema_of("argoproj.io", "v1alpha1", "Rollout").at(("spec",))
CUSTOM = Schema()

Options = dict[str, Any]


def merged(before: str, patch: str, schema: Schema, options: Options | None = None) -> Any:
    """The outcome, where neither argument was changed and a second time changes nothing."""
    value, change = load(before), load(patch)
    keys: Mapping[Any, str | Sequence[str]] = {parse(p): k for p, k in (options or {}).items()}
    copies = copy.deepcopy((value, change))
    try:
        after = merge(value, change, schema, keys)
    finally:
        assert (value, change) == copies
    if after is not REMOVED:
        assert merge(after, change, schema, keys) is after
    if after is not REMOVED and equal(after, value):
        assert after is value
    return after


def this_becomes_that(
    before: str, patch: str, after: str, schema: Schema, options: Options | None = None
) -> None:
    outcome = merged(before, patch, schema, options)
    assert json.dumps(outcome) == json.dumps(load(after))  # the order of members counts too


def this_stays(before: str, patch: str, schema: Schema, options: Options | None = None) -> None:
    value = load(before)
    assert merge(value, load(patch), schema, {parse(p): k for p, k in (options or {}).items()}) is value


def this_is_refused(
    before: str, patch: str, what: str, schema: Schema, options: Options | None = None
) -> None:
    with pytest.raises(PatchError) as error:
        merged(before, patch, schema, options)
    assert str(error.value) == what


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        pytest.param("{a: 1, b: 2}", "{b: 3}", "{a: 1, b: 3}", id="a scalar"),
        pytest.param("{a: 1, b: 2}", "{a: x}", "{a: x, b: 2}", id="a scalar of another kind"),
        pytest.param("{a: 1}", "{a: true}", "{a: true}", id="true is not 1"),
        pytest.param("{a: 1}", "{b: {c: [1]}}", "{a: 1, b: {c: [1]}}", id="new members come last"),
        pytest.param("{a: {b: 1}}", "{a: {c: 2}}", "{a: {b: 1, c: 2}}", id="mappings merge"),
        pytest.param("{a: 1, b: 2}", "{a: null}", "{b: 2}", id="null removes"),
        pytest.param(
            "{a: {b: 1}}", "{a: {b: null}}", "{a: {}}", id="the last member leaves an empty mapping"
        ),
        pytest.param("{a: null}", "{a: null}", "{}", id="null removes null"),
        pytest.param("{a: null, b: 1}", "{a: {c: 2}}", "{a: {c: 2}, b: 1}", id="null counts as absent"),
        pytest.param(
            "{}", "{a: {b: null, c: {d: null}, e: 1}}", "{a: {c: {}, e: 1}}", id="nulls of what is new"
        ),
        pytest.param("{}", "{a: [{b: null, c: 1}]}", "{a: [{c: 1}]}", id="nulls within a new list"),
        pytest.param("{}", "{a: {}, b: []}", "{a: {}, b: []}", id="empty things can be new"),
        pytest.param("{a: [1, 2]}", "{a: [3]}", "{a: [3]}", id="a list is replaced"),
        pytest.param(
            "{a: [{name: x, y: 1}]}",
            "{a: [{name: x, z: 1}]}",
            "{a: [{name: x, z: 1}]}",
            id="also of mappings",
        ),
        pytest.param("{a: [1, 2]}", "{a: []}", "{a: []}", id="a list is emptied"),
        pytest.param(
            "{a: 1, b: 2}", "{$patch: replace, b: 2, c: {d: null}}", "{b: 2, c: {}}", id="replace the root"
        ),
        pytest.param("{a: {b: 1}}", "{a: {$patch: replace, c: 1}}", "{a: {c: 1}}", id="replace a mapping"),
        pytest.param("{a: {b: 1}}", "{a: {$patch: replace}}", "{a: {}}", id="replace with nothing"),
        pytest.param("{}", "{a: {$patch: replace, c: 1}}", "{a: {c: 1}}", id="replace what is absent"),
        pytest.param("{a: {b: 1}}", "{a: {$patch: delete}}", "{}", id="delete a mapping"),
        pytest.param(
            "{a: {b: 1}}", "{a: {$patch: merge, c: 1}}", "{a: {b: 1, c: 1}}", id="merge, as is usual"
        ),
        pytest.param(
            "{}",
            "{a: {b: {$patch: delete}, $retainKeys: [b, c], c: 1}}",
            "{a: {c: 1}}",
            id="no directive comes out",
        ),
        pytest.param(
            "{}",
            "{a: [{b: {$patch: delete}, c: {$patch: replace, d: 1}}]}",
            "{a: [{c: {d: 1}}]}",
            id="nor from a list",
        ),
        pytest.param(
            "{a: [1]}",
            "{a: [{$patch: replace}, {b: 1}]}",
            "{a: [{b: 1}]}",
            id="nor from a list that is replaced",
        ),
        pytest.param(
            "{}",
            "{a: {b: 1, $deleteFromPrimitiveList/c: [x]}}",
            "{a: {b: 1}}",
            id="nor a list that it is about",
        ),
        pytest.param("{a: 1, b: 2}", "{$retainKeys: [b, c], c: 3}", "{b: 2, c: 3}", id="retain keys"),
        pytest.param("{a: 1, b: 2}", "{$retainKeys: [b], a: null}", "{b: 2}", id="retain keys, and a null"),
        pytest.param(
            "{a: [x, y, x]}", "{$deleteFromPrimitiveList/a: [x, z]}", "{a: [y]}", id="delete from a list"
        ),
        pytest.param("{}", "{$ref: x, $schema: y}", "{$ref: x, $schema: y}", id="other names with a dollar"),
    ],
)
def test_mappings(before: str, patch: str, after: str) -> None:
    this_becomes_that(before, patch, after, CUSTOM)


@pytest.mark.parametrize(
    ("before", "patch"),
    [
        pytest.param("{a: {b: [1]}}", "{}", id="an empty patch"),
        pytest.param("{a: {b: [1]}}", "{a: {b: [1]}}", id="what is there"),
        pytest.param("{a: {b: [1]}}", "{a: {}}", id="an empty mapping"),
        pytest.param("{a: {b: 1, c: 2}}", "{a: {$patch: replace, c: 2, b: 1}}", id="replaced by the same"),
        pytest.param("{a: 1}", "{b: null}", id="null for what is absent"),
        pytest.param(
            "{a: 1}", "{b: {c: null, d: {e: null, f: {$patch: delete}}}}", id="removals where nothing is"
        ),
        pytest.param("{a: }", "{a: {b: null}}", id="a removal from null"),
        pytest.param("{a: 1}", "{b: {$patch: delete}}", id="delete what is absent"),
        pytest.param(
            "{a: [x]}", "{$deleteFromPrimitiveList/a: [y], $deleteFromPrimitiveList/b: [x]}", id="of lists"
        ),
        pytest.param("{a: 1}", "{$retainKeys: [a]}", id="retain all"),
        pytest.param("{a: 1}", "{a: 1.0}", id="the same number"),
    ],
)
def test_mappings_that_stay(before: str, patch: str) -> None:
    this_stays(before, patch, CUSTOM)


@pytest.mark.parametrize(
    ("before", "patch", "what"),
    [
        pytest.param(
            "{a: {b: 1}}", "{a: x}", "/a is a mapping, the patch has a string", id="scalar over mapping"
        ),
        pytest.param(
            "{a: [1]}", "{a: {b: 1}}", "/a is a list, the patch has a mapping", id="mapping over list"
        ),
        pytest.param(
            "{a: {b: x}}", "{a: {b: [1]}}", "/a/b is a string, the patch has a list", id="list over scalar"
        ),
        pytest.param("[1]", "{a: 1}", "the root is a list, the patch has a mapping", id="at the root"),
        pytest.param("{a: 1}", "x", "a strategic merge patch is a mapping, not a string", id="no mapping"),
        pytest.param(
            "{a: {}}",
            "{a: {$patch: remove}}",
            "unknown `$patch` in /a (there are merge, replace and delete)",
            id="unknown $patch",
        ),
        pytest.param(
            "{a: {}}",
            "{a: {$retainkeys: [b]}}",
            "unknown `$retainkeys` in /a (did you mean $retainKeys?)",
            id="misspelt",
        ),
        pytest.param(
            "{}", "{$retainKeys: a}", "`$retainKeys` in the root is a string, not a list", id="$retainKeys"
        ),
        pytest.param(
            "{}",
            "{$retainKeys: [a], b: 1, c: 1}",
            "`$retainKeys` in the root lacks `b`, `c`, which the patch sets",
            id="lacks",
        ),
        pytest.param(
            "{}",
            "{$setElementOrder: []}",
            "`$setElementOrder` in the root does not say of which list (write `$setElementOrder/NAME`)",
            id="of no list",
        ),
        pytest.param(
            "{}",
            "{$deleteFromPrimitiveList/a: x}",
            "`$deleteFromPrimitiveList` of /a is a string, not a list",
            id="a string",
        ),
        pytest.param(
            "{a: 1}",
            "{$deleteFromPrimitiveList/a: [x]}",
            "/a is a number, `$deleteFromPrimitiveList` is for lists",
            id="from",
        ),
        pytest.param(
            "{a: [{b: 1}]}",
            "{a: [{b: 1, $patch: delete}]}",
            "`$patch: delete` in /a, which is replaced as a whole "
            "(options.mergeKeys can say what its elements are known by)",
            id="delete in a list that does not merge",
        ),
        pytest.param(
            "{}",
            "{a: [{b: 1}, {b: 1, $patch: delete}]}",
            "`$patch: delete` in /a, which is replaced as a whole "
            "(options.mergeKeys can say what its elements are known by)",
            id="also where it is not yet",
        ),
        pytest.param(
            "{a: [b, c]}",
            "{$setElementOrder/a: [c, b]}",
            "`$setElementOrder` for /a, which is replaced as a whole "
            "(options.mergeKeys can say what its elements are known by)",
            id="order of a list that does not merge",
        ),
    ],
)
def test_mappings_refused(before: str, patch: str, what: str) -> None:
    this_is_refused(before, patch, what, CUSTOM)


def test_the_root_can_be_removed() -> None:
    assert merged("{a: 1}", "{$patch: delete, metadata: {name: x}}", DEPLOYMENT) is REMOVED


def test_null_at_the_root_is_nothing() -> None:
    this_becomes_that("null", "{a: 1, b: null}", "{a: 1}", CUSTOM)


ENV = "{env: [{name: A, value: a}, {name: B, value: b}, {name: C, value: c}, {name: D, value: d}]}"


def env(order: str) -> str:
    """A container with these variables: small letters in the given order, capitals with another value."""
    variables = ", ".join(
        f"{{name: {name.upper()}, value: {name.lower() if name.islower() else 'new'}}}" for name in order
    )
    return f"{{env: [{variables}]}}"


@pytest.mark.parametrize(
    ("patch", "after"),
    [
        pytest.param(env("B"), "aBcd", id="one stays in its place"),
        pytest.param(env("N"), "Nabcd", id="a new one comes first"),
        pytest.param(env("BN"), "aBNcd", id="a new one after what is named before it"),
        pytest.param(env("NB"), "NaBcd", id="a new one before what is named after it"),
        pytest.param(env("CA"), "bCAd", id="the patch's order"),
        pytest.param(env("CNAM"), "bCNAMd", id="the patch's order, and new ones"),
        pytest.param(env("DZB"), "acDZB", id="the last first"),
        pytest.param("{env: [{name: B, $patch: delete}]}", "acd", id="delete"),
        pytest.param(
            "{env: [{name: X, $patch: delete}, {name: B, $patch: merge}]}", "abcd", id="delete nothing"
        ),
        pytest.param(
            "{env: [{name: B, $patch: delete}, {name: B, value: new}]}", "Bacd", id="delete, and anew"
        ),
        pytest.param(
            "{env: [{name: N, value: new}, {name: A, $patch: delete}]}", "Nbcd", id="delete and add"
        ),
        pytest.param(
            "{env: [{name: C, value: new}, {$patch: replace}, {name: N, value: new}]}", "CN", id="replace"
        ),
        pytest.param("{env: [{$patch: replace}]}", "", id="replace with nothing"),
        pytest.param("{$setElementOrder/env: [{name: D}, {name: B}]}", "acDB".lower(), id="order"),
        pytest.param(
            "{$setElementOrder/env: [{name: X}, {name: D}, {name: B}]}",
            "acdb",
            id="order of what is not there",
        ),
        pytest.param(
            "{$setElementOrder/env: [{name: D}, {name: C}, {name: B}, {name: A}]}", "dcba", id="order of all"
        ),
        pytest.param(
            "{$setElementOrder/env: [{name: A}, {name: B}, {name: C}, {name: D}, {name: N}], "
            "env: [{name: N, value: new}]}",
            "abcdN",
            id="a new one last",
        ),
        pytest.param(
            "{$setElementOrder/env: [{name: C}, {name: N}, {name: A}], env: [{name: N, value: new}, "
            "{name: A, value: new}]}",
            "bcNAd",
            id="order beats the patch's",
        ),
        pytest.param(
            "{$setElementOrder/env: [{name: C}, {name: A}], env: [{name: B, $patch: delete}]}",
            "cad",
            id="order and delete",
        ),
        pytest.param("{env: []}", "abcd", id="an empty list"),
        pytest.param("{env: [{name: C}, {name: D}]}", "abcd", id="named without a change"),
    ],
)
def test_order(patch: str, after: str) -> None:
    before = env("abcd")
    this_becomes_that(before, patch, env(after), CONTAINER)
    if after == "abcd":
        this_stays(before, patch, CONTAINER)


@pytest.mark.parametrize(
    ("patch", "what"),
    [
        pytest.param(
            "{env: [{value: x}]}", "an element for /env has no `name` (give `name`)", id="without its key"
        ),
        pytest.param(
            "{env: [{name: null, $patch: delete}]}",
            "an element for /env has no `name` (give `name`)",
            id="delete without the key",
        ),
        pytest.param("{env: [A]}", "/env is a list of mappings, the patch has a string", id="a scalar"),
        pytest.param(
            "{env: [{name: B, $patch: replace, value: x}]}",
            "`$patch: replace` stands in an element of /env that has other members (alone it "
            "replaces the list; to "
            "replace one element, delete it by its `name` with `$patch: delete`, "
            "and give the new one after it)",
            id="replace of one: the server would drop all",
        ),
        pytest.param(
            "{env: [{name: B, $patch: x}]}",
            "unknown `$patch` in /env/[name=B] (there are merge, replace and delete)",
            id="unknown $patch",
        ),
        pytest.param(
            "{env: [{name: N, value: x}, {name: N, value: y}]}",
            "the patch has two elements of /env with the same `name`",
            id="the same new one twice",
        ),
        pytest.param(
            "{env: [{name: A, value: x}, {name: A, value: y}]}",
            "the patch has two elements of /env with the same `name`",
            id="the same one twice",
        ),
        pytest.param(
            "{$setElementOrder/env: [{name: A}], env: [{name: N}]}",
            "`$setElementOrder` of /env has not the patch's elements in their order",
            id="order lacks one",
        ),
        pytest.param(
            "{$setElementOrder/env: [{name: A}, {name: N}], env: [{name: N}, {name: A}]}",
            "`$setElementOrder` of /env has not the patch's elements in their order",
            id="another order",
        ),
        pytest.param(
            "{$setElementOrder/env: [A]}",
            "/env is a list of mappings, the patch has a string",
            id="order of scalars",
        ),
        pytest.param("{env: {A: b}}", "/env is a list, the patch has a mapping", id="a mapping"),
    ],
)
def test_order_refused(patch: str, what: str) -> None:
    this_is_refused(env("abcd"), patch, what, CONTAINER)


@pytest.mark.parametrize(
    ("patch", "after"),
    [
        pytest.param("{finalizers: [d, c, a]}", "[b, d, c, a]", id="a union, in the patch's order"),
        pytest.param("{finalizers: [c, c]}", "[c, a, b, d]", id="twice in the patch"),
        pytest.param("{$deleteFromPrimitiveList/finalizers: [a, x]}", "[b, d]", id="delete"),
        pytest.param("{finalizers: [{$patch: replace}, x]}", "[x]", id="replace"),
        pytest.param(
            "{finalizers: [c], $setElementOrder/finalizers: [b, c, a], "
            "$deleteFromPrimitiveList/finalizers: [d]}",
            "[b, c, a]",
            id="all at once",
        ),
    ],
)
def test_scalars(patch: str, after: str) -> None:
    this_becomes_that("{finalizers: [a, b, d]}", patch, f"{{finalizers: {after}}}", METADATA)


def test_scalars_refused() -> None:
    what = "/finalizers is a list of scalars, the patch has a mapping"
    this_is_refused("{finalizers: [a]}", "{finalizers: [{name: a}]}", what, METADATA)


@pytest.mark.parametrize(
    ("schema", "before", "patch", "after"),
    [
        pytest.param(
            POD,
            "{containers: [{name: a, image: i, args: [x, y], env: [{name: A, value: '1'}]}, "
            "{name: b, image: i}]}",
            "{containers: [{name: a, args: [z], env: [{name: A, value: null, "
            "valueFrom: {secretKeyRef: {name: s}}}]}]}",
            "{containers: [{name: a, image: i, args: [z], env: [{name: A, "
            "valueFrom: {secretKeyRef: {name: s}}}]}, "
            "{name: b, image: i}]}",
            id="a container",
        ),
        pytest.param(
            POD,
            "{containers: [{name: a, image: i}]}",
            "{initContainers: [{name: x, $patch: delete}, {name: w, image: j, env: [{name: A, "
            "value: null}]}]}",
            "{containers: [{name: a, image: i}], initContainers: [{name: w, image: j, env: [{name: A}]}]}",
            id="a new list that merges",
        ),
        pytest.param(
            POD,
            "{tolerations: [{key: a}]}",
            "{tolerations: [{key: b}]}",
            "{tolerations: [{key: b}]}",
            id="tolerations",
        ),
        pytest.param(
            POD,
            "{volumes: [{name: v, emptyDir: {}}]}",
            "{volumes: [{name: v, emptyDir: null, configMap: {name: c}}, {name: w, "
            "emptyDir: {medium: null}}]}",
            "{volumes: [{name: v, configMap: {name: c}}, {name: w, emptyDir: {}}]}",
            id="another source for a volume",
        ),
        pytest.param(
            POD,
            "{volumes: [{name: v, emptyDir: {}}]}",
            "{volumes: [{name: v, emptyDir: {$patch: delete}, configMap: {name: c}}]}",
            "{volumes: [{name: v, configMap: {name: c}}]}",
            id="$patch: delete removes, where the server leaves {}",
        ),
        pytest.param(
            POD,
            "{volumes: [{name: v, emptyDir: {}}, {name: w, emptyDir: {}}]}",
            "{volumes: [{name: v, $retainKeys: [name, configMap], configMap: {name: c}}]}",
            "{volumes: [{name: v, configMap: {name: c}}, {name: w, emptyDir: {}}]}",
            id="a volume that retains keys",
        ),
        pytest.param(
            WORKLOAD,
            "{strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
            "{strategy: {type: Recreate, rollingUpdate: null}}",
            "{strategy: {type: Recreate}}",
            id="Recreate",
        ),
        pytest.param(
            WORKLOAD,
            "{strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
            "{strategy: {type: Recreate, $retainKeys: [type]}}",
            "{strategy: {type: Recreate}}",
            id="Recreate that retains keys",
        ),
        pytest.param(
            WORKLOAD,
            "{strategy: {type: Recreate}}",
            "{strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
            "{strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
            id="RollingUpdate",
        ),
        pytest.param(
            WORKLOAD,
            "{strategy: {type: Recreate, rollingUpdate: {maxSurge: 1}}}",
            "{strategy: {rollingUpdate: {maxSurge: 2}}}",
            "{strategy: {type: Recreate, rollingUpdate: {maxSurge: 2}}}",
            id="a fault that no patch made",
        ),
        pytest.param(
            BUDGET,
            "{minAvailable: 1, selector: {matchLabels: {a: b}}}",
            "{selector: {matchLabels: {c: d}}}",
            "{minAvailable: 1, selector: {matchLabels: {c: d}}}",
            id="a mapping whose strategy is replace",
        ),
        pytest.param(
            POD,
            "{topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 1}]}",
            "{topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: ScheduleAnyway, maxSkew: 2}, "
            "{topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 3}]}",
            "{topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: ScheduleAnyway, maxSkew: 2}, "
            "{topologyKey: z, whenUnsatisfiable: DoNotSchedule, maxSkew: 3}]}",
            id="a key of two parts",
        ),
        pytest.param(
            ROLLOUT,
            "{template: {spec: {containers: [{name: a, image: i}]}}, strategy: {canary: {steps: [1]}}}",
            "{template: {spec: {containers: [{name: a, image: j}]}}, strategy: {canary: {steps: [2]}}}",
            "{template: {spec: {containers: [{name: a, image: j}]}}, strategy: {canary: {steps: [2]}}}",
            id="a Rollout",
        ),
        pytest.param(
            schema_of("example.org", "v1", "Thing"),
            "{metadata: {finalizers: [a]}, spec: {containers: [{name: a, image: i}]}}",
            "{metadata: {finalizers: [b]}, spec: {containers: [{name: b}]}}",
            "{metadata: {finalizers: [b, a]}, spec: {containers: [{name: b}]}}",
            id="a custom kind: only its metadata are known",
        ),
    ],
)
def test_kinds(schema: Schema, before: str, patch: str, after: str) -> None:
    this_becomes_that(before, patch, after, schema)


@pytest.mark.parametrize(
    ("schema", "before", "patch", "what"),
    [
        pytest.param(
            POD,
            "{containers: [{name: app, image: i}, {name: web, image: i}]}",
            "{containers: [{name: ap, resources: {}}]}",
            "no container /containers/[name=ap] (there are app, web; a new one needs an `image`)",
            id="a container that is not there",
        ),
        pytest.param(
            POD,
            "{containers: [{name: app, image: i}]}",
            "{initContainers: [{name: app, command: [x]}]}",
            "no container /initContainers/[name=app] (there are none; a new one needs an `image`)",
            id="no init container",
        ),
        pytest.param(
            POD,
            "{containers: [{name: app, volumeMounts: [{name: v, mountPath: /a}]}]}",
            "{containers: [{name: app, volumeMounts: [{name: v, readOnly: true}]}]}",
            "an element for /containers/[name=app]/volumeMounts has no `mountPath` (give `mountPath`)",
            id="a mount by its name",
        ),
        pytest.param(
            POD,
            "{topologySpreadConstraints: [{topologyKey: z, whenUnsatisfiable: DoNotSchedule}]}",
            "{topologySpreadConstraints: [{topologyKey: z, maxSkew: 2}]}",
            "an element for /topologySpreadConstraints has no `whenUnsatisfiable` (give `whenUnsatisfiable`)",
            id="half of a key",
        ),
        pytest.param(
            POD,
            "{volumes: [{name: v, emptyDir: {}}]}",
            "{volumes: [{name: v, configMap: {name: c}}]}",
            "/volumes/[name=v] would have emptyDir beside configMap "
            "(write `emptyDir: null` or `$retainKeys: [name, configMap]`)",
            id="two sources",
        ),
        pytest.param(
            POD,
            "{}",
            "{volumes: [{name: v, emptyDir: {}, configMap: {name: c}}]}",
            "/volumes/[name=v] would have emptyDir beside configMap (only one can be)",
            id="two sources in the patch",
        ),
        pytest.param(
            WORKLOAD,
            "{strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}}",
            "{strategy: {type: Recreate}}",
            "/strategy would have rollingUpdate beside another type "
            "(write `rollingUpdate: null` or `$retainKeys: [type]`)",
            id="Recreate",
        ),
        pytest.param(
            WORKLOAD,
            "{strategy: {type: Recreate}}",
            "{strategy: {rollingUpdate: {maxSurge: 1}}}",
            "/strategy would have rollingUpdate beside another type (only one can be)",
            id="still Recreate",
        ),
    ],
)
def test_kinds_refused(schema: Schema, before: str, patch: str, what: str) -> None:
    this_is_refused(before, patch, what, schema)


BOTH = "{ports: [{port: 53, name: tcp}, {port: 53, protocol: UDP, name: udp}]}"
TWICE = "{ports: [{port: 80, name: a}, {port: 80, protocol: TCP, name: b}, {port: 81}]}"


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        pytest.param(
            BOTH,
            "{ports: [{port: 53, protocol: TCP, targetPort: 1}]}",
            "{ports: [{port: 53, name: tcp, protocol: TCP, targetPort: 1}, {port: 53, protocol: UDP, "
            "name: udp}]}",
            id="TCP is what is not said",
        ),
        pytest.param(
            "{ports: [{port: 53, protocol: TCP}]}",
            "{ports: [{port: 53, targetPort: 1}]}",
            "{ports: [{port: 53, protocol: TCP, targetPort: 1}]}",
            id="in the patch too",
        ),
        pytest.param(
            BOTH,
            "{ports: [{port: 53, protocol: UDP, targetPort: 1}]}",
            "{ports: [{port: 53, name: tcp}, {port: 53, protocol: UDP, name: udp, targetPort: 1}]}",
            id="UDP",
        ),
        pytest.param(
            "{ports: [{port: 53}]}",
            "{ports: [{port: 53, protocol: UDP}]}",
            "{ports: [{port: 53, protocol: UDP}, {port: 53}]}",
            id="a new one",
        ),
        pytest.param(
            BOTH,
            "{ports: [{port: 53, $patch: delete}]}",
            "{ports: [{port: 53, protocol: UDP, name: udp}]}",
            id="delete",
        ),
        pytest.param(
            TWICE,
            "{ports: [{port: 80, name: b, targetPort: 1}]}",
            "{ports: [{port: 80, name: a}, {port: 80, protocol: TCP, name: b, targetPort: 1}, {port: 81}]}",
            id="one of two by its name",
        ),
        pytest.param(
            TWICE,
            "{ports: [{port: 80, name: b, targetPort: 1}, {port: 80, name: a, targetPort: 2}]}",
            "{ports: [{port: 80, protocol: TCP, name: b, targetPort: 1}, {port: 80, name: a, "
            "targetPort: 2}, {port: 81}]}",
            id="both by their names",
        ),
        pytest.param(
            TWICE,
            "{ports: [{port: 80, name: a, $patch: delete}]}",
            "{ports: [{port: 80, protocol: TCP, name: b}, {port: 81}]}",
            id="delete one of two by its name",
        ),
        pytest.param(
            "{ports: [{port: 80, name: a}]}",
            "{ports: [{port: 80, name: b, $patch: delete}, {port: 81}]}",
            "{ports: [{port: 81}, {port: 80, name: a}]}",
            id="delete only the one of that name",
        ),
        pytest.param(
            TWICE,
            "{ports: [{port: 80, name: c, $patch: delete}, {port: 81, targetPort: 1}]}",
            "{ports: [{port: 80, name: a}, {port: 80, protocol: TCP, name: b}, {port: 81, targetPort: 1}]}",
            id="delete neither",
        ),
        pytest.param(
            TWICE, "{ports: [{port: 80, $patch: delete}]}", "{ports: [{port: 81}]}", id="delete both"
        ),
        pytest.param(
            "{ports: [{port: 80, name: a}]}",
            "{ports: [{port: 80, name: z}]}",
            "{ports: [{port: 80, name: z}]}",
            id="a single one is renamed",
        ),
        pytest.param(
            TWICE,
            "{type: NodePort}",
            "{ports: [{port: 80, name: a}, {port: 80, protocol: TCP, name: b}, {port: 81}], type: NodePort}",
            id="nobody named them",
        ),
    ],
)
def test_ports(before: str, patch: str, after: str) -> None:
    this_becomes_that(before, patch, after, SERVICE)
    if "name:" not in patch:  # the ports of a container are known in the same way
        texts = [text.replace("{port:", "{containerPort:") for text in (before, patch, after)]
        this_becomes_that(texts[0], texts[1], texts[2], CONTAINER)


@pytest.mark.parametrize("port", ["{port: 80, targetPort: 1}", "{port: 80, name: c}"])
def test_one_of_several_has_to_be_named(port: str) -> None:
    what = (
        "/ports has several elements with the `port` and `protocol` that the patch gives "
        "(give the `name` of one of them too)"
    )
    this_is_refused(TWICE, f"{{ports: [{port}]}}", what, SERVICE)


def test_duplicates_by_name() -> None:
    before = "{imagePullSecrets: [{name: a}, {name: a}, {name: b}]}"
    this_stays(before, "{imagePullSecrets: [{name: a}]}", POD)
    what = "/env has several elements with the `name` that the patch gives"
    this_is_refused("{env: [{name: A}, {name: A}]}", "{env: [{name: A, value: x}]}", what, CONTAINER)


def test_elements_of_the_resource_without_a_key_are_let_be() -> None:
    this_becomes_that(
        "{env: [{value: x}, text, {name: A}]}",
        "{env: [{name: A, value: y}]}",
        "{env: [{value: x}, text, {name: A, value: y}]}",
        CONTAINER,
    )


TLS = "{tls: [{secretName: a, hosts: [x]}, {secretName: b, hosts: [y]}], rules: [{host: x}]}"


@pytest.mark.parametrize(
    ("options", "patch", "after"),
    [
        pytest.param(
            {"/tls": "secretName"},
            "{tls: [{secretName: b, hosts: [z]}, {secretName: c}], rules: [{host: y}]}",
            "{tls: [{secretName: a, hosts: [x]}, {secretName: b, hosts: [z]}, {secretName: c}], "
            "rules: [{host: y}]}",
            id="one list",
        ),
        pytest.param(
            {"/tls": ["secretName"], "/rules": "host"},
            "{tls: [{secretName: a, $patch: delete}], rules: [{host: y}]}",
            "{tls: [{secretName: b, hosts: [y]}], rules: [{host: y}, {host: x}]}",
            id="two lists",
        ),
        pytest.param(
            {"/*": "host"},
            "{rules: [{host: x, http: {}}]}",
            "{tls: [{secretName: a, hosts: [x]}, {secretName: b, hosts: [y]}], rules: [{host: x, http: {}}]}",
            id="a pattern",
        ),
        pytest.param(
            {"/hosts": "name"},
            "{hosts: [{name: a, $patch: delete}, {name: b}]}",
            "{tls: [{secretName: a, hosts: [x]}, {secretName: b, hosts: [y]}], rules: [{host: x}], "
            "hosts: [{name: b}]}",
            id="a list that is not there",
        ),
    ],
)
def test_merge_keys(options: Options, patch: str, after: str) -> None:
    this_becomes_that(TLS, patch, after, CUSTOM, options)


def test_merge_keys_inside_of_elements() -> None:
    this_becomes_that(
        "{rules: [{host: x, http: {paths: [{path: /}]}}, {host: y, http: {paths: [{path: /a}, "
        "{path: /b}]}}]}",
        "{rules: [{host: y, http: {paths: [{path: /b, pathType: Exact}]}}]}",
        "{rules: [{host: x, http: {paths: [{path: /}]}}, {host: y, http: {paths: [{path: /a}, "
        "{path: /b, pathType: Exact}]}}]}",
        CUSTOM,
        {"/rules": "host", "/rules/*/http/paths": "path"},
    )


def test_merge_keys_over_those_of_the_schema() -> None:
    this_becomes_that(
        "{ports: [{port: 80, name: a}]}",
        "{ports: [{port: 8080, name: a}]}",
        "{ports: [{port: 8080, name: a}]}",
        SERVICE,
        {"/ports": "name"},
    )


@pytest.mark.parametrize(
    ("patch", "touched"),
    [
        ("{}", []),
        ("{metadata: {labels: {a: b}}, spec: {replicas: 1}}", ["metadata", "spec"]),
        ("{$setElementOrder/webhooks: [{name: a}], $deleteFromPrimitiveList/x: [a]}", ["webhooks", "x"]),
        ("{spec: {$patch: replace}}", ["spec"]),
        ("{$patch: delete, kind: X}", None),
        ("{$retainKeys: [spec]}", None),
    ],
)
def test_roots(patch: str, touched: list[str] | None) -> None:
    change: Any = load(patch)
    assert roots(change) == (None if touched is None else set(touched))


def test_what_was_not_read_is_let_be() -> None:
    unread: Any = Opaque(0, 0)
    after: Any = merge({"spec": unread, "metadata": {}}, {"metadata": {"name": "x"}}, DEPLOYMENT)
    assert after == {"spec": unread, "metadata": {"name": "x"}}
    assert after["spec"] is unread


def test_what_is_not_touched_is_shared() -> None:
    before: Any = load(
        "{metadata: {labels: {a: b}}, spec: {selector: {}, template: {spec: {containers: "
        "[{name: a, image: i, env: [{name: A}]}, {name: b, image: i, args: [x]}], volumes: [{name: v}]}}}}"
    )
    patch = load(
        "{metadata: {labels: {}}, spec: {template: {spec: {containers: [{name: a, image: j, "
        "env: [{name: A}]}]}}}}"
    )
    after: Any = merge(before, patch, DEPLOYMENT)
    assert after != before
    for path in (
        ("metadata",),
        ("spec", "selector"),
        ("spec", "template", "spec", "volumes"),
        ("spec", "template", "spec", "containers", 0, "env"),
        ("spec", "template", "spec", "containers", 1),
    ):
        assert get(after, path) is get(before, path)


def test_deep_data() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": [deep]}
    assert merge({"b": 1, **deep}, deep, CUSTOM) == {"b": 1, **deep}


@pytest.mark.parametrize(
    ("group", "version", "kind", "same"),
    [
        ("extensions", "v1beta1", "Deployment", ("apps", "v1", "Deployment")),
        ("apps", "v1beta2", "StatefulSet", ("apps", "v1", "StatefulSet")),
        ("batch", "v2alpha1", "CronJob", ("batch", "v1", "CronJob")),
        ("policy", "v1beta1", "PodDisruptionBudget", ("policy", "v1", "PodDisruptionBudget")),
        ("argoproj.io", "v1beta9", "Rollout", ("argoproj.io", "v1alpha1", "Rollout")),
        (
            "resource.k8s.io",
            "v1alpha1",
            "ResourceClaimTemplate",
            ("resource.k8s.io", "v1", "ResourceClaimTemplate"),
        ),
        ("apps.example.org", "v1", "Deployment", ("example.org", "v1", "Other")),
        ("extensions", "v1beta1", "Unheard", ("example.org", "v1", "Other")),
    ],
)
def test_kinds_of_other_versions(group: str, version: str, kind: str, same: tuple[str, str, str]) -> None:
    assert schema_of(group, version, kind) == schema_of(*same)


@pytest.mark.parametrize(
    ("version", "other"), [("v1beta1", "v1beta1"), ("v1", "v1"), ("v1alpha9", "v1"), ("v9", "v1")]
)
def test_the_version_that_is_known(version: str, other: str) -> None:
    kind = "MutatingAdmissionPolicy"
    known = schema_of("admissionregistration.k8s.io", other, kind)
    assert schema_of("admissionregistration.k8s.io", version, kind) == known


@pytest.mark.parametrize(
    ("schema", "path", "keys"),
    [
        (POD, ("containers", 3, "volumeMounts"), ["mountPath"]),
        (POD, ("ephemeralContainers", 0, "volumeDevices"), ["devicePath"]),
        (POD, ("hostAliases",), ["ip"]),
        (POD, ("initContainers", 0, "ports"), ["containerPort", "protocol"]),
        (POD, ("volumes", 0, "ephemeral", "volumeClaimTemplate", "metadata", "finalizers"), []),
        (POD, ("tolerations",), None),
        (METADATA, ("ownerReferences",), ["uid"]),
        (schema_of("", "v1", "ServiceAccount"), ("secrets",), ["name"]),
        (
            schema_of("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration"),
            ("webhooks",),
            ["name"],
        ),
        (
            schema_of("batch", "v1", "CronJob"),
            ("spec", "jobTemplate", "spec", "template", "spec", "volumes"),
            ["name"],
        ),
        (
            schema_of("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
            (
                "spec",
                "versions",
                0,
                "schema",
                "openAPIV3Schema",
                "properties",
                "x",
                "x-kubernetes-validations",
            ),
            ["rule"],
        ),
        (schema_of("networking.k8s.io", "v1", "Ingress"), ("spec", "tls"), None),
        (CUSTOM, ("a", 0, "metadata", "finalizers"), None),
    ],
)
def test_the_table(schema: Schema, path: tuple[str | int, ...], keys: list[str] | None) -> None:
    known = schema.at(path).merge
    assert (None if known is None else list(known)) == keys


def test_the_table_is_made_from_an_openapi_document(tmp_path: Path) -> None:
    mark = {"x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "port"}
    keyed = {**mark, "type": "array", "x-kubernetes-list-map-keys": ["port", "protocol"]}
    document = {
        "info": {"version": "unversioned"},
        "definitions": {
            "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {
                "properties": {"finalizers": {"type": "array", "x-kubernetes-patch-strategy": "merge"}}
            },
            "io.k8s.api.core.v1.Thing": {
                "properties": {
                    "metadata": {"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
                    "ports": {**keyed, "items": {"$ref": "#/definitions/io.k8s.api.core.v1.Plain"}},
                    "spec": {"$ref": "#/definitions/io.k8s.api.core.v1.Plain"},
                    "status": {**keyed},
                },
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Thing"}],
            },
            "io.k8s.api.core.v1.Plain": {"properties": {"a": {"type": "string"}}},
        },
    }
    path = tmp_path / "swagger.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    script = Path(__file__).parent.parent / "scripts" / "make_merge_keys.py"

    unversioned = subprocess.run([sys.executable, script, path], capture_output=True, text=True, check=False)
    assert unversioned.returncode == 1
    assert "give the version" in unversioned.stderr

    made = subprocess.run(
        [sys.executable, script, path, "v1.2.3"], capture_output=True, text=True, check=True
    )
    table = json.loads(made.stdout)
    assert table["kubernetes"] == "v1.2.3"
    assert table["kinds"]["/v1/Thing"] == "core.v1.Thing"
    assert table["types"]["core.v1.Thing"] == {
        "metadata": {"type": "meta.v1.ObjectMeta"},
        "ports": {"merge": {"port": None, "protocol": "TCP"}},
    }
    assert "core.v1.Plain" not in table["types"]


def test_the_table_says_its_version_and_leads_nowhere_else() -> None:
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    assert table["kubernetes"].startswith("v1.")
    leads = {
        field[lead]
        for fields in table["types"].values()
        for field in fields.values()
        for lead in ("type", "elements", "members")
        if lead in field
    }
    assert leads | set(table["kinds"].values()) <= table["types"].keys()


names = st.sampled_from("abcdef")
scalars = st.none() | st.booleans() | st.integers(0, 3) | names
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


def keyed(more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of things with a name."""
    thing = st.fixed_dictionaries(
        {"name": names}, optional={"value": scalars, "extra": plain, "image": names}
    )
    return st.lists(st.one_of(thing, more), max_size=5)


directives = st.sampled_from(
    [{"$patch": "replace"}, {"$patch": "merge"}, *({"$patch": "delete", "name": name} for name in "abc")]
)
pods = st.fixed_dictionaries(
    {},
    optional={
        "containers": keyed(st.nothing()),
        "volumes": keyed(st.nothing()),
        "finalizers": st.lists(names),
        "tolerations": plain,
        "nodeSelector": st.dictionaries(names, scalars),
    },
)
patches = st.fixed_dictionaries(
    {},
    optional={
        "$patch": st.sampled_from(["merge", "replace"]),
        "$retainKeys": st.just(["containers", "volumes", "tolerations", "nodeSelector", "finalizers"]),
        "containers": keyed(directives),
        "volumes": keyed(directives) | st.none(),
        "$setElementOrder/containers": st.lists(st.fixed_dictionaries({"name": names}), unique_by=str),
        "$deleteFromPrimitiveList/finalizers": st.lists(names),
        "finalizers": st.lists(names),
        "tolerations": plain,
        "nodeSelector": st.dictionaries(names, scalars) | st.just({"$patch": "delete"}),
    },
)


@given(before=pods, patch=patches)
def test_merging_twice_is_merging_once_and_changes_no_argument(before: Value, patch: Value) -> None:
    copies = copy.deepcopy((before, patch))
    try:
        after = merge(before, patch, POD)
    except PatchError:
        return
    finally:
        assert (before, patch) == copies
    assert after is not REMOVED
    assert merge(after, patch, POD) is after
    assert "$" not in json.dumps(after)
    if equal(before, after):
        assert after is before


@given(before=pods, patch=pods)
def test_what_the_patch_has_comes_out_and_the_rest_is_shared(before: Any, patch: Any) -> None:
    try:
        after: Any = merge(before, patch, POD)
    except PatchError:
        return
    for member in before.keys() - patch.keys():
        assert after[member] is before[member]
    named = [container["name"] for container in patch.get("containers", [])]
    there = [container["name"] for container in after.get("containers", [])]
    others = [c for c in before.get("containers", []) if c["name"] not in named]
    # One that stood twice stands twice still: a patch that changes nothing of it drops nothing.
    twice = Counter(container["name"] for container in before.get("containers", []))
    assert [name for name in there if name in named and twice[name] < 2] == [n for n in named if twice[n] < 2]
    assert [c for c in after.get("containers", []) if c["name"] not in named] == others
    assert all(any(one is other for one in after["containers"]) for other in others)
