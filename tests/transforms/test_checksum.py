"""checksum: pods roll when what they read was changed, and else they do not."""

from __future__ import annotations

import re

import pytest

from postrender.errors import PostrenderError
from tests import runs
from tests.transforms import tools

CONFIG = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  a: one
"""
SECRET = """\
---
apiVersion: v1
kind: Secret
metadata: {name: pass}
data:
  a: b25l
"""
EDIT = "{target: {kind: ConfigMap}, patch: {data: {a: two}}}"
NO_EDIT = "{target: {kind: ConfigMap}, patch: {data: {a: one}}}"
LABEL = "{target: {kind: ConfigMap}, patch: {metadata: {labels: {a: b}}}}"
EDIT_SECRET = "{target: {kind: Secret}, patch: {stringData: {a: two}}}"


def patchset(*before: str, options: str = "", target: str = "{kind: .*}", patch: str = "") -> str:
    text = tools.patchset("checksum", options, target=target, patch=patch)
    return text.replace("patches:\n", "patches:\n" + "".join(f"  - {edit}\n" for edit in before))


def workload(pod: str, kind: str = "Deployment") -> str:
    return f"""\
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: web}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata:
      labels: {{app: web}}
    spec: {{{pod}}}
"""


VOLUME = "volumes: [{name: v, configMap: {name: conf}}]"
READS = [
    pytest.param(VOLUME, id="volume"),
    pytest.param("volumes: [{name: v, projected: {sources: [configMap: {name: conf}]}}]", id="projected"),
    pytest.param("containers: [{name: a, envFrom: [configMapRef: {name: conf}]}]", id="envFrom"),
    pytest.param(
        "initContainers: [{name: a, env: [{name: E, valueFrom: {configMapKeyRef: {name: conf, key: a}}}]}]",
        id="env",
    ),
]
CHECKSUM = re.compile(r"\n {6}annotations:\n {8}checksum/postrender: \"?[0-9a-f]{64}\"?\n")


def checksums(text: str) -> list[str]:
    return [match[0] for match in CHECKSUM.finditer(text)]


@pytest.mark.parametrize("pod", READS)
def test_pods_that_read_what_was_changed_roll(pod: str) -> None:
    before = CONFIG + workload(pod)
    output = runs.run(patchset(EDIT), before).output.decode()
    assert len(checksums(output)) == 1
    assert CHECKSUM.sub("\n", output) == before.replace("a: one", "a: two")


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param("volumes: [{name: v, secret: {secretName: pass}}]", id="volume"),
        pytest.param("volumes: [{name: v, projected: {sources: [secret: {name: pass}]}}]", id="projected"),
        pytest.param("containers: [{name: a, envFrom: [secretRef: {name: pass}]}]", id="envFrom"),
        pytest.param(
            "containers: [{name: a, env: [{name: E, valueFrom: {secretKeyRef: {name: pass, key: a}}}]}]",
            id="env",
        ),
    ],
)
def test_secrets_too(pod: str) -> None:
    assert checksums(runs.run(patchset(EDIT_SECRET), SECRET + workload(pod)).output.decode())


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(
            CONFIG + workload("volumes: [{name: v, configMap: {name: conf2}}]"), id="another ConfigMap"
        ),
        pytest.param(CONFIG + workload("volumes: [{name: v, secret: {secretName: conf}}]"), id="a Secret"),
        pytest.param(
            CONFIG + workload(VOLUME).replace("{name: web}", "{name: web, namespace: b}"), id="namespace"
        ),
        pytest.param(CONFIG + workload(VOLUME, "Job"), id="a Job, which cannot change"),
    ],
)
def test_pods_that_read_nothing_of_it_stay(before: str) -> None:
    after = before.replace("a: one", "a: two")
    runs.becomes(patchset(EDIT, patch="optional: true"), before, after, namespace="a")
    with pytest.raises(PostrenderError, match="no pods that read what was changed in"):
        runs.run(patchset(EDIT), before, namespace="a")


@pytest.mark.parametrize("edit", [NO_EDIT, LABEL], ids=["the same", "a label"])
def test_stays_where_no_data_were_changed(edit: str) -> None:
    assert not checksums(runs.run(patchset(edit), CONFIG + workload(VOLUME)).output.decode())


def test_applied_twice_is_once() -> None:
    once = runs.run(patchset(EDIT), CONFIG + workload(VOLUME)).output.decode()
    runs.stays(patchset(EDIT), once)


def test_depends_on_the_data_alone() -> None:
    two = runs.run(patchset(EDIT), CONFIG + workload(VOLUME)).output.decode()
    again = runs.run(patchset(LABEL, EDIT), workload(VOLUME) + CONFIG).output.decode()
    three = runs.run(patchset(EDIT, EDIT.replace("two", "three")), CONFIG + workload(VOLUME)).output.decode()
    assert checksums(two) == checksums(again)
    assert checksums(two) != checksums(three)


def test_what_was_put_back_was_not_changed() -> None:
    back = patchset(EDIT, NO_EDIT, patch="optional: true")
    runs.stays(back, CONFIG + workload(VOLUME))


def test_what_was_added_was_changed() -> None:
    config = "{apiVersion: v1, kind: ConfigMap, metadata: {name: conf}, data: {a: b}}"
    adding = patchset().replace("patches:\n", f"resources:\n  - resource: {config}\npatches:\n")
    assert checksums(runs.run(adding, workload(VOLUME)).output.decode())


def test_beside_other_annotations_by_another_name_and_in_custom_kinds() -> None:
    spec = f"{{pod: {{spec: {{{VOLUME}}}}}}}"
    custom = f"---\napiVersion: a.b/v1\nkind: Engine\nmetadata: {{name: e}}\nspec: {spec}\n"
    web = workload(VOLUME).replace("      labels:", "      annotations: {a: b}\n      labels:")
    rendered = runs.run(patchset(EDIT, options="{annotation: c, paths: [/spec/pod]}"), CONFIG + web + custom)
    _, web, engine = map(str, tools.documents(rendered.output.decode()))
    found = re.compile("'c': '([0-9a-f]{64})'").findall(web + engine)
    assert len(found) == 2
    assert found[0] == found[1]
    assert "'a': 'b'" in web
