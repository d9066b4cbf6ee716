"""move-to-secret: a ConfigMap's entries move, every reference follows, and no report shows them."""

from __future__ import annotations

import base64

import pytest

from postrender.errors import PostrenderError
from tests import runs
from tests.transforms import tools


def patchset(options: str = "", **how: str) -> str:
    how = {"target": "{kind: ConfigMap, name: core}", **how}
    return tools.patchset("move-to-secret", options, **how)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


GROOVY = 'password = "hunter2"\n'
CONFIG = """\
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: core
  labels:
    app: core
data:
  config.groovy: |
    password = "hunter2"
  log.xml: <log/>
binaryData:
  keystore: AAEC
"""
ALL = f"""\
---
# Source: postrender/p
apiVersion: v1
kind: Secret
metadata:
  name: core
  labels:
    app: core
type: Opaque
data:
  config.groovy: {encoded(GROOVY)}
  log.xml: {encoded("<log/>")}
  keystore: AAEC
"""
SOME = ALL[: ALL.index("  log.xml")]
LEFT = CONFIG.replace('  config.groovy: |\n    password = "hunter2"\n', "")
SOME_KEYS = "{keys: [config.groovy]}"


def deployment(pod: str) -> str:
    return f"""\
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: core}}
spec:
  selector: {{matchLabels: {{app: core}}}}
  template:
    metadata: {{labels: {{app: core}}}}
    spec:
      {pod}
"""


def volume(source: str) -> str:
    mount = "{name: v, mountPath: /etc/core.groovy, subPath: config.groovy}"
    containers = f"containers: [{{name: c, image: c, volumeMounts: [{mount}]}}]"
    return deployment(f"{{{containers}, volumes: [{{name: w, emptyDir: {{}}}}, {{name: v, {source}}}]}}")


def container(members: str, which: str = "containers") -> str:
    return deployment(f"{which}: [{{name: c, image: c, {members}}}]")


def reference(kind: str, key: str) -> str:
    first = "{name: A, value: a}"
    return container(f"env: [{first}, {{name: B, valueFrom: {{{kind}: {{name: core, key: {key}}}}}}}]")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            volume("configMap: {name: core, defaultMode: 0440, optional: false}"),
            volume("secret: {secretName: core, defaultMode: 0440, optional: false}"),
            id="volume",
        ),
        pytest.param(
            volume("configMap: {name: core, items: [{key: log.xml, path: l, mode: 0400}]}"),
            volume("secret: {secretName: core, items: [{key: log.xml, path: l, mode: 0400}]}"),
            id="volume with items",
        ),
        pytest.param(
            volume(
                "projected: {sources: [configMap: {name: other}, configMap: {name: core, optional: true}]}"
            ),
            volume("projected: {sources: [configMap: {name: other}, secret: {name: core, optional: true}]}"),
            id="projected",
        ),
        pytest.param(
            container("envFrom: [{prefix: P_, configMapRef: {name: core, optional: true}}]"),
            container("envFrom: [{prefix: P_, secretRef: {name: core, optional: true}}]"),
            id="envFrom",
        ),
        pytest.param(
            container("envFrom: [{configMapRef: {name: core}}]", "initContainers"),
            container("envFrom: [{secretRef: {name: core}}]", "initContainers"),
            id="init container",
        ),
        pytest.param(
            container("envFrom: [{configMapRef: {name: core}}]", "ephemeralContainers"),
            container("envFrom: [{secretRef: {name: core}}]", "ephemeralContainers"),
            id="ephemeral container",
        ),
        pytest.param(reference("configMapKeyRef", "log.xml"), reference("secretKeyRef", "log.xml"), id="env"),
    ],
)
def test_all_of_it_with_every_reference(before: str, after: str) -> None:
    tools.becomes(patchset(), CONFIG + before, ALL + after)


GROOVY_ITEM = "{key: config.groovy, path: c}"
LOG_ITEM = "{key: log.xml, path: l}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            volume("configMap: {name: core, defaultMode: 0440}"),
            volume(
                "projected: {defaultMode: 0440, sources: [configMap: {name: core}, secret: {name: core}]}"
            ),
            id="volume of both",
        ),
        pytest.param(
            volume(f"configMap: {{name: core, items: [{GROOVY_ITEM}, {LOG_ITEM}]}}"),
            volume(
                f"projected: {{sources: [configMap: {{name: core, items: [{LOG_ITEM}]}}, "
                f"secret: {{name: core, items: [{GROOVY_ITEM}]}}]}}"
            ),
            id="volume with items of both",
        ),
        pytest.param(
            volume(f"configMap: {{name: core, items: [{GROOVY_ITEM}]}}"),
            volume(f"secret: {{secretName: core, items: [{GROOVY_ITEM}]}}"),
            id="volume with items that all move",
        ),
        pytest.param(
            volume("projected: {sources: [configMap: {name: core}, secret: {}]}"),
            volume("projected: {sources: [configMap: {name: core}, secret: {name: core}, secret: {}]}"),
            id="projected of both",
        ),
        pytest.param(
            container("envFrom: [{prefix: P_, configMapRef: {name: core}}]"),
            container(
                "envFrom: [{prefix: P_, configMapRef: {name: core}}, {prefix: P_, secretRef: {name: core}}]"
            ),
            id="envFrom both",
        ),
        pytest.param(
            reference("configMapKeyRef", "config.groovy"),
            reference("secretKeyRef", "config.groovy"),
            id="env",
        ),
    ],
)
def test_some_of_it(before: str, after: str) -> None:
    tools.becomes(patchset(SOME_KEYS), CONFIG + before, SOME + LEFT + after)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(volume(f"configMap: {{name: core, items: [{LOG_ITEM}]}}"), id="items that do not move"),
        pytest.param(reference("configMapKeyRef", "log.xml"), id="env of an entry that does not move"),
        pytest.param(volume("configMap: {name: core-2}"), id="another ConfigMap"),
        pytest.param(volume("secret: {secretName: core}"), id="a Secret"),
    ],
)
def test_stays(text: str) -> None:
    runs.becomes(patchset(SOME_KEYS), CONFIG + text, SOME + LEFT + text)


CRON = """\
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: c}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers:
            - name: c
              image: c
              envFrom:
                - configMapRef:
                    name: core
"""
POD = """\
---
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: p, image: p}]
  volumes:
    - name: v
      configMap:
        name: core
"""
CUSTOM = """\
---
apiVersion: example.org/v1
kind: Engine
metadata: {name: e}
spec:
  pod:
    spec:
      volumes:
        - name: v
          configMap:
            name: core
"""


def followed(text: str) -> str:
    text = text.replace("configMapRef", "secretRef")
    return text.replace("configMap:\n        name", "secret:\n        secretName")


def test_all_kinds_with_pod_templates() -> None:
    runs.becomes(patchset(), CONFIG + POD + CRON, ALL + followed(POD) + followed(CRON))


def test_custom_kinds_by_their_paths() -> None:
    after = CUSTOM.replace("configMap:\n            name", "secret:\n            secretName")
    runs.becomes(patchset("{paths: [/spec/pod]}"), CONFIG + CUSTOM, ALL + after)
    rendered = runs.becomes(patchset(), CONFIG + CUSTOM, ALL + CUSTOM)
    assert runs.notes(rendered) == [
        "patchset p, patch 1, on ConfigMap core: nothing here refers to what moves"
    ]


def test_another_name_and_another_namespace() -> None:
    config = CONFIG.replace("  name: core", "  name: core\n  namespace: one")
    pods = [POD.replace("{name: p}", f"{{name: p, namespace: {name}}}") for name in ("one", "two")]
    output = runs.run(patchset("{secret: core-secrets}"), config + "".join(pods)).output.decode()
    assert "  name: core-secrets\n  namespace: one\n" in output
    assert output.count("secretName: core-secrets") == 1
    assert pods[1] in output


def test_an_immutable_config_makes_an_immutable_secret() -> None:
    output = runs.run(patchset(), CONFIG + "immutable: true\n" + POD).output.decode()
    assert output.count("immutable: true") == 1


def test_applied_twice_is_once() -> None:
    once = runs.run(patchset(SOME_KEYS), CONFIG + POD).output.decode()
    runs.stays(patchset(SOME_KEYS), once)


@pytest.mark.parametrize("options", ["", SOME_KEYS, "{secret: core-secrets}"])
def test_applied_twice_is_once_with_the_secret_as_a_target(options: str) -> None:
    both = patchset(options, target="{kind: ConfigMap|Secret, name: core|core-secrets}")
    once = runs.run(both, CONFIG + POD).output.decode()
    runs.stays(both, once)


@pytest.mark.parametrize("options", ["", SOME_KEYS], ids=["all", "some"])
def test_no_report_shows_what_moved(options: str) -> None:
    earlier = patchset(options).replace(
        "patches:\n",
        "patches:\n  - target: {kind: ConfigMap}\n    transform: replace-text\n"
        "    with: {path: /data/config.groovy, pattern: hunter2, replacement: hunter3}\n",
    )
    rendered = runs.run(earlier, CONFIG + POD)
    assert encoded(GROOVY.replace("2", "3")) in rendered.output.decode()
    shown = repr(rendered.changes)
    assert "/data/config.groovy" in shown
    assert "hunter" not in shown
    assert "<log/>" not in shown


def test_short_values_hide_nothing_elsewhere() -> None:
    config = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: core}\ndata: {DEBUG: '1'}\n"
    both = patchset().replace(
        "patches:\n", "patches:\n  - target: {kind: Pod}\n    patch: {metadata: {labels: {a: '1'}}}\n"
    )
    rendered = runs.run(both, config + POD)
    assert [change.after for change in rendered.changes if change.pointer == "/metadata/labels"] == [
        {"a": "1"}
    ]


@pytest.mark.parametrize(
    ("options", "before", "message"),
    [
        pytest.param(
            "{keys: [config.grovy]}",
            CONFIG,
            "no entry config.grovy (did you mean config.groovy?)",
            id="entry",
        ),
        pytest.param(
            "",
            CONFIG + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: core}\n",
            "the Secret core is there already (give another name: `secret`)",
            id="Secret that is there",
        ),
        pytest.param("{paths: [spec]}", CONFIG, "pointer spec without its /", id="path"),
        pytest.param(
            "", CONFIG[: CONFIG.index("\ndata:")], "no entries in ConfigMap core", id="nothing to move"
        ),
    ],
)
def test_refuses(options: str, before: str, message: str) -> None:
    with pytest.raises(PostrenderError) as caught:
        runs.run(patchset(options), before)
    assert message in str(caught.value)


def test_is_for_config_maps() -> None:
    with pytest.raises(PostrenderError, match="no ConfigMap in Pod p"):
        runs.run(patchset(target="{kind: Pod}"), POD)
