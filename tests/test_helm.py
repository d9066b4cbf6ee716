"""Both real Helms run postrender on a real chart: what they send, what they make of the answer."""

from __future__ import annotations

import difflib
import fcntl
import json
import os
import re
import subprocess
import sys
import termios
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import yaml

from tests import tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Resource: TypeAlias = Any
Resources: TypeAlias = dict[str, Resource]

CHARTS = tools.ROOT / "tests/charts"
ANNOTATION = "postrenderer.helm.sh/postrender-filename"
HOOK = "demo-migrate"  # a Job that Helm 3 keeps to itself and Helm 4 sends


@dataclass(frozen=True, slots=True)
class Helm:
    """A Helm of its own, with no settings but these, which knows postrender as a user's would."""

    major: int
    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def post_renderer(self) -> str:
        """Helm 3 takes a program, Helm 4 the name of a plugin."""
        return str(tools.ROOT / "hook.sh") if self.major == 3 else "postrender"

    def command(
        self, *options: str, chart: str = "shop", post_renderer: str = "", args: Iterable[str] = ()
    ) -> list[str | Path]:
        """`helm template` of the release demo in the namespace shop, with `args` for the post-renderer."""
        return [
            tools.path(f"helm {self.major}"),
            *("template", "demo", CHARTS / chart, "--namespace=shop", "--kube-version=1.35.0"),
            f"--post-renderer={post_renderer or self.post_renderer}",
            *(f"--post-renderer-args={argument}" for argument in args),
            *options,
        ]

    def settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The environment of Helm and so of postrender."""
        return {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.defpath]),
            "HOME": str(self.home),
            "POSTRENDER_TTY": "0",
            **self.environment,
            **environment,
        }

    def run(
        self, *options: str, env: Mapping[str, str] | None = None, **how: Any
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*options, **how),
            env=self.settings(env or {}),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def template(self, *options: str, **how: Any) -> str:
        """What Helm prints when all goes well."""
        done = self.run(*options, **how)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plugin(self, name: str, command: str) -> Helm:
        """This Helm with one more plugin."""
        file = self.home / "plugins" / name / "plugin.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(
            f"apiVersion: v1\ntype: postrenderer/v1\nname: {name}\nversion: 0.1.0\nruntime: subprocess\n"
            f"runtimeConfig:\n  platformCommand:\n    - command: {command}\n",
            encoding="utf-8",
        )
        return Helm(self.major, self.home, {"HELM_PLUGINS": str(file.parent.parent)})


def helm_3(home: Path) -> Helm:
    return Helm(3, home)


def helm_4(home: Path) -> Helm:
    return Helm(4, home, {"HELM_PLUGINS": str(tools.ROOT / "plugin")})


both = pytest.mark.parametrize(
    "make",
    [
        pytest.param(helm_3, id="helm 3", marks=pytest.mark.tool("helm 3")),
        pytest.param(helm_4, id="helm 4", marks=pytest.mark.tool("helm 4")),
    ],
)


@pytest.fixture
def helm(make: Callable[[Path], Helm], tmp_path: Path) -> Helm:
    return make(tmp_path)


def resources(output: str) -> Resources:
    """The resources in `output` by kind and name, those in a List too."""
    found: Resources = {}
    for document in yaml.safe_load_all(output):
        for resource in document["items"] if document and document["kind"] == "List" else [document]:
            if resource:
                name = f"{resource['kind']}/{resource['metadata']['name']}"
                assert name not in found
                found[name] = resource
    return found


def sources(output: str) -> dict[str, list[str]]:
    """The resources by the file that Helm says they are from."""
    found: dict[str, list[str]] = {}
    for text in re.split(r"^---\n", output, flags=re.MULTILINE)[1:]:
        file = re.search(r"^# Source: (.+)", text, re.MULTILINE)
        found.setdefault(file[1] if file else "", []).extend(resources(text))
    return {file: sorted(names) for file, names in found.items()}


def changed_lines(before: str, after: str) -> list[str]:
    """`- line` and `+ line` for each that is not in the other, without indentation, sorted."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return sorted(f"{line[0]} {line[2:].strip()}" for line in lines if line[0] in "+-")


def patchset(folder: Path, *patches: Mapping[str, Any]) -> str:
    """The option that names a patchset of these patches, written into `folder`."""
    content = {
        "apiVersion": "postrender/v1",
        "kind": "Patchset",
        "name": "own",
        "description": "For a test.",
        "patches": patches,
    }
    file = folder / "own/patchset.yaml"
    file.parent.mkdir()
    file.write_text(json.dumps(content), "utf-8")
    return f"--patchset={file.parent}"


# The patchsets of the library, each with the arguments that it needs on this chart.


def check_alb_nodeport(found: Resources) -> None:
    web = found["Service/demo-web"]["spec"]
    assert web["type"] == "NodePort"
    assert web["ports"][0] == {"port": 80, "name": "http", "targetPort": 8080, "nodePort": 30080}
    assert "type" not in found["Service/demo-store"]["spec"]


def check_remove_session_affinity(found: Resources) -> None:
    services = [resource["spec"] for name, resource in found.items() if name.startswith("Service/")]
    assert len(services) == 3
    assert not [spec for spec in services if "sessionAffinity" in spec or "sessionAffinityConfig" in spec]


def check_alb_ssl_redirect(found: Resources) -> None:
    annotations = found["Ingress/demo"]["metadata"]["annotations"]
    assert annotations["alb.ingress.kubernetes.io/certificate-arn"] == "arn:aws:acm:a:1:certificate/b"
    assert json.loads(annotations["alb.ingress.kubernetes.io/listen-ports"]) == [{"HTTP": 80}, {"HTTPS": 443}]
    first = [rule["http"]["paths"][0] for rule in found["Ingress/demo"]["spec"]["rules"]]
    assert [path["backend"]["service"]["name"] for path in first] == ["ssl-redirect"] * 2


def check_istio_mtls(found: Resources) -> None:
    policy = found["PeerAuthentication/default"]
    assert policy["metadata"]["namespace"] == "shop"
    assert policy["spec"] == {"mtls": {"mode": "STRICT"}}


def check_wait_for_first_consumer(found: Resources) -> None:
    assert found["StorageClass/shop-fast"]["volumeBindingMode"] == "WaitForFirstConsumer"


def check_azure_file_pv(found: Resources) -> None:
    claim = found["PersistentVolumeClaim/demo-pictures"]["spec"]
    assert (claim["storageClassName"], claim["volumeName"]) == ("", "shop-demo-pictures")
    volume = found["PersistentVolume/shop-demo-pictures"]
    assert volume["spec"]["capacity"] == {"storage": "20Gi"}
    assert volume["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


LIBRARY: dict[str, tuple[list[str], Callable[[Resources], None]]] = {
    "alb-nodeport": (["service=demo-web", "port=80", "nodePort=30080"], check_alb_nodeport),
    "remove-session-affinity": ([], check_remove_session_affinity),
    "alb-ssl-redirect": (
        ["certificateArn=arn:aws:acm:a:1:certificate/b", "mode=action"],
        check_alb_ssl_redirect,
    ),
    "istio-mtls": (["namespace=shop"], check_istio_mtls),
    "wait-for-first-consumer": (["classes=shop-.*"], check_wait_for_first_consumer),
    "azure-file-pv": (
        [
            *("claim=demo-pictures", "namespace=shop", "uid=1000", "gid=1000"),
            *("share=pictures", "account=account", "resourceGroup=group", "secretName=azure-secret"),
        ],
        check_azure_file_pv,
    ),
}


def arguments(name: str) -> list[str]:
    return [f"--patchset={name}", *(f"--set={name}.{value}" for value in LIBRARY[name][0])]


@both
@pytest.mark.parametrize("name", LIBRARY)
def test_a_patchset_of_the_library(helm: Helm, name: str) -> None:
    LIBRARY[name][1](resources(helm.template(args=arguments(name))))


@both
def test_all_of_them_at_once_lose_nothing(helm: Helm) -> None:
    before = resources(helm.plugin("cat", "cat").template(post_renderer="cat"))
    after = resources(helm.template(args=[argument for name in LIBRARY for argument in arguments(name)]))
    assert after.keys() - before.keys() == {
        "PeerAuthentication/default",
        "PersistentVolume/shop-demo-pictures",
    }
    assert not before.keys() - after.keys()
    for _, check in LIBRARY.values():
        check(after)


@both
def test_only_the_lines_of_the_changed_fields_differ(helm: Helm) -> None:
    before = helm.plugin("cat", "cat").template(post_renderer="cat")
    after = helm.template(args=arguments("remove-session-affinity"))
    assert changed_lines(before, after) == [
        "- clientIP:",
        *["- sessionAffinity: ClientIP"] * 3,
        "- sessionAffinityConfig:",
        "- timeoutSeconds: 3600",
    ]


@both
def test_every_resource_stays_with_its_file(helm: Helm) -> None:
    """Helm 3 leaves the `# Source:` lines, Helm 4 makes them of the annotation that it sent."""
    everything = patchset(
        helm.home,
        {"target": {"kind": ".*"}, "patch": {"metadata": {"labels": {"site": "here"}}}},
        {
            "target": {"kind": "Service"},
            "patch": [{"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}],
        },
    )
    output = helm.template(args=[everything])
    expected = {
        "shop/charts/store/templates/store.yaml": ["Service/demo-store", "StatefulSet/demo-store"],
        "shop/templates/ingress.yaml": ["Ingress/demo"],
        "shop/templates/migrate.yaml": [f"Job/{HOOK}"],
        "shop/templates/settings.yaml": ["ConfigMap/demo-settings", "Service/demo-admin"],
        "shop/templates/storage.yaml": ["PersistentVolumeClaim/demo-pictures", "StorageClass/shop-fast"],
        "shop/templates/web.yaml": ["Deployment/demo-web", "Service/demo-web"],
    }
    assert sources(output) == expected
    assert ANNOTATION not in output
    for name, resource in resources(output).items():
        patched = resource["metadata"].get("labels", {}).get("site") == "here"
        assert patched == (helm.major == 4 or name != f"Job/{HOOK}"), name
        if name.startswith("Service/"):
            assert resource["metadata"]["annotations"] == {"a": "b"}


@both
def test_a_patch_finds_the_same_annotations_on_both_majors(helm: Helm) -> None:
    """Helm 4 has just made `annotations` on every resource, which would hide that the chart has none."""
    own = patchset(
        helm.home,
        {
            "target": {"kind": "Ingress"},
            "patch": [{"op": "add", "path": "/metadata/annotations/a", "value": "b"}],
        },
    )
    report = helm.home / "report.txt"
    done = helm.run(args=[own, f"--report={report}"])
    assert done.returncode == 1
    assert "/metadata/annotations" in report.read_text("utf-8")


@both
@pytest.mark.parametrize("ending", ["txt", "json"])
def test_reports_do_not_know_the_annotation_of_helm_4(helm: Helm, ending: str) -> None:
    report = helm.home / f"report.{ending}"
    replaced = {"op": "add", "path": "/metadata/annotations", "value": {"a": "b"}}
    own = patchset(helm.home, {"target": {"kind": "Service"}, "patch": [replaced]})
    helm.template(args=[own, f"--report={report}"])
    text = report.read_text("utf-8")
    assert "demo-web" in text
    assert "postrenderer.helm.sh" not in text


@both
def test_hooks(helm: Helm) -> None:
    """Helm 4 sends them and takes them back as hooks; Helm 3 never shows them to a post-renderer."""
    own = patchset(
        helm.home,
        {
            "target": {"kind": "Job"},
            "optional": True,
            "patch": {"metadata": {"labels": {"site": "here"}}},
        },
    )
    kept = resources(helm.template(args=[own]))[f"Job/{HOOK}"]["metadata"]
    assert kept["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert kept.get("labels") == (None if helm.major == 3 else {"site": "here"})
    assert f"Job/{HOOK}" not in resources(helm.template("--no-hooks", args=[own]))


@both
def test_a_patch_for_what_only_a_hook_is(helm: Helm) -> None:
    own = patchset(helm.home, {"target": {"kind": "Job"}, "patch": {"metadata": {"labels": {"a": "b"}}}})
    assert helm.run(args=[own]).returncode == (1 if helm.major == 3 else 0)


@both
def test_an_empty_chart(helm: Helm) -> None:
    """Helm 4 takes no empty answer, and a patch must find nothing where nothing is."""
    for name in LIBRARY:
        assert not resources(helm.template(chart="empty", args=arguments(name)))


@both
def test_show_only(helm: Helm) -> None:
    output = helm.template("--show-only=templates/ingress.yaml", args=arguments("alb-ssl-redirect"))
    assert list(resources(output)) == ["Ingress/demo"]
    check_alb_ssl_redirect(resources(output))


@both
def test_output_dir(helm: Helm) -> None:
    """Helm 3 writes the files before it runs the post-renderer, on nothing at all; Helm 4 the patched."""
    folder = helm.home / "out"
    helm.template(f"--output-dir={folder}", args=arguments("wait-for-first-consumer"))
    storage = resources((folder / "shop/templates/storage.yaml").read_text("utf-8"))
    mode = storage["StorageClass/shop-fast"]["volumeBindingMode"]
    assert mode == ("Immediate" if helm.major == 3 else "WaitForFirstConsumer")


@both
def test_include_crds(helm: Helm) -> None:
    output = helm.template("--include-crds", args=arguments("wait-for-first-consumer"))
    check_wait_for_first_consumer(resources(output))
    assert "CustomResourceDefinition/vouchers.shop.example.org" in resources(output)
    assert (CHARTS / "shop/crds/voucher.yaml").read_text("utf-8").rstrip() in output


OVERLAY = """\
apiVersion: postrender/v1
kind: Overlay
name: site
patchsets:
  - {name: wait-for-first-consumer, with: {classes: shop-.*}}
"""


@both
def test_an_overlay_from_the_environment(helm: Helm) -> None:
    overlay = helm.home / "site.yaml"
    overlay.write_text(OVERLAY, "utf-8")
    output = helm.template(env={"POSTRENDER_OVERLAY": str(overlay)})
    check_wait_for_first_consumer(resources(output))


@both
def test_an_overlay_in_the_working_directory(helm: Helm) -> None:
    (helm.home / "postrender.yaml").write_text(OVERLAY, "utf-8")
    check_wait_for_first_consumer(resources(helm.template()))


@both
def test_nothing_chosen_is_an_error(helm: Helm) -> None:
    """Else an upgrade would take the patches off a live release."""
    done = helm.run()
    assert done.returncode == 1
    assert not done.stdout


@both
def test_helm_s_empty_arguments(helm: Helm) -> None:
    """A variable that is not set gives one."""
    check_wait_for_first_consumer(
        resources(helm.template(args=["", *arguments("wait-for-first-consumer"), ""]))
    )


# When a patch fails.

FAILS = ["--patchset=alb-nodeport", "--set=alb-nodeport.service=no-such"]


@both
@pytest.mark.parametrize("ending", ["txt", "json"])
def test_a_patch_that_fails_stops_helm(helm: Helm, ending: str) -> None:
    """Helm 3 shows the message; Helm 4 shows none, so that it goes into a report that was asked for."""
    report = helm.home / f"report.{ending}"
    report.write_text("what the last run changed", "utf-8")
    done = helm.run(args=FAILS, env={"POSTRENDER_REPORT": str(report)})
    assert done.returncode == 1
    assert not done.stdout
    assert ("no-such" in done.stderr) == (helm.major == 3)
    message = report.read_text("utf-8")
    assert "what the last run changed" not in message
    for part in ("alb-nodeport", "no-such", "demo-web"):
        assert part in message
    if ending == "json":
        assert json.loads(message)


@both
def test_an_anchor_that_helm_4_took_away(helm: Helm) -> None:
    """Helm 4 sends the items of a List as documents, and an alias may be left without its anchor."""
    own = patchset(helm.home, {"target": {"kind": "ConfigMap"}, "patch": {"data": {"a": "b"}}})
    report = helm.home / "report.txt"
    done = helm.run(chart="anchors", args=[own, f"--report={report}"])
    if helm.major == 3:
        assert resources(done.stdout)["ConfigMap/second"] == {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "second", "labels": {"app": "web"}},
            "data": {"a": "b"},
        }
    else:
        assert done.returncode == 1
        assert "Helm 4 takes a `kind: List` apart" in report.read_text("utf-8")


@both
def test_no_files_are_left(helm: Helm, tmp_path: Path) -> None:
    """Two releases can be patched in one folder at the same time."""
    folder = tmp_path / "here"
    folder.mkdir()
    command = helm.command(args=[argument for name in LIBRARY for argument in arguments(name)])
    temporary = {"TMPDIR": str(folder)}
    subprocess.run(command, env=helm.settings(temporary), cwd=folder, check=True, capture_output=True)
    assert not list(folder.iterdir())


def at_a_terminal(helm: Helm, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """Exit code, stderr and what the terminal shows of a Helm at a terminal, its output taken by pipes."""
    terminal, inner = os.openpty()
    try:
        helm_process = subprocess.Popen(
            helm.command(args=FAILS),
            env=helm.settings(environment),
            cwd=helm.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(inner, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # no threads here
        )
        _, error = helm_process.communicate(timeout=60)
        os.set_blocking(terminal, False)
        try:
            shown = os.read(terminal, 100_000).decode()
        except BlockingIOError:
            shown = ""
        return helm_process.returncode, error, shown
    finally:
        os.close(terminal)
        os.close(inner)


@both
def test_the_message_reaches_the_terminal(helm: Helm) -> None:
    code, _, shown = at_a_terminal(helm, {"POSTRENDER_TTY": ""})
    assert code == 1
    for part in ("alb-nodeport", "no-such", "demo-web"):
        assert part in shown


@both
def test_the_terminal_stays_clean_when_told(helm: Helm) -> None:
    code, _, shown = at_a_terminal(helm, {"POSTRENDER_TTY": "0"})
    assert (code, shown) == (1, "")


# How Helm 4 may come by its plugin.


@pytest.mark.tool("helm 4")
def test_the_plugin_installed_from_a_checkout(tmp_path: Path) -> None:
    helm = Helm(4, tmp_path, {})
    subprocess.run(
        [tools.path("helm 4"), "plugin", "install", tools.ROOT / "plugin/postrender"],
        env=helm.settings({}),
        capture_output=True,
        check=True,
    )
    check_wait_for_first_consumer(resources(helm.template(args=arguments("wait-for-first-consumer"))))


@pytest.mark.tool("helm 4")
def test_a_plugin_of_one_file_for_an_installed_postrender(tmp_path: Path) -> None:
    helm = Helm(4, tmp_path).plugin("postrender", "postrender")
    check_wait_for_first_consumer(resources(helm.template(args=arguments("wait-for-first-consumer"))))


@pytest.mark.tool("helm 3")
def test_helm_3_takes_an_installed_postrender_by_name(tmp_path: Path) -> None:
    output = helm_3(tmp_path).template(post_renderer="postrender", args=arguments("wait-for-first-consumer"))
    check_wait_for_first_consumer(resources(output))
