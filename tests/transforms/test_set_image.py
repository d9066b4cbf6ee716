"""set-image: which images are meant, and what becomes of their parts."""

from __future__ import annotations

import pytest

from postrender.errors import PostrenderError
from postrender.transforms.set_image import Image
from tests import runs
from tests.transforms import tools

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "f" * 64


def patchset(options: str, **how: str) -> str:
    return tools.patchset("set-image", options, **how)


def pod(image: str) -> str:
    containers = f'{{containers: [{{name: a, image: "{image}"}}]}}'
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {containers}\n"


@pytest.mark.parametrize(
    ("options", "before", "after"),
    [
        pytest.param("{from: nginx, tag: '1.27'}", "nginx:1.25", "nginx:1.27", id="short names stay short"),
        pytest.param("{from: nginx, tag: '1.27'}", "nginx", "nginx:1.27", id="no tag before"),
        pytest.param(
            "{from: nginx, tag: '1'}", "docker.io/library/nginx", "docker.io/library/nginx:1", id="in full"
        ),
        pytest.param(
            "{from: docker.io/library/nginx, tag: '1'}",
            "index.docker.io/nginx",
            "index.docker.io/nginx:1",
            id="index",
        ),
        pytest.param(
            "{from: bitnami/kubectl, repository: bitnamilegacy/kubectl}",
            "docker.io/bitnami/kubectl:latest",
            "docker.io/bitnamilegacy/kubectl:latest",
            id="repository",
        ),
        pytest.param(
            "{from: '*', registry: mirror.example.org:5000/hub}",
            f"nginx:1.25@{DIGEST}",
            f"mirror.example.org:5000/hub/library/nginx:1.25@{DIGEST}",
            id="mirror of an official image",
        ),
        pytest.param(
            "{from: 'quay.io/*', registry: mirror.example.org}",
            "quay.io/jetstack/cert-manager:v1",
            "mirror.example.org/jetstack/cert-manager:v1",
            id="all of a registry, over slashes",
        ),
        pytest.param(
            "{from: '*/kubectl', tag: '1'}",
            "localhost:5000/a/kubectl",
            "localhost:5000/a/kubectl:1",
            id="*/name",
        ),
        pytest.param(f"{{from: app, digest: '{DIGEST}'}}", "app:1", f"app@{DIGEST}", id="digest for a tag"),
        pytest.param("{from: app, tag: '2'}", f"app:1@{DIGEST}", "app:2", id="tag for a digest"),
        pytest.param(
            f"{{from: app, tag: '2', digest: '{DIGEST}'}}",
            f"app:1@{OTHER}",
            f"app:2@{DIGEST}",
            id="tag and digest",
        ),
        pytest.param("{from: app, digest: null}", f"app:1@{DIGEST}", "app:1", id="digest taken away"),
        pytest.param("{from: app, tag: null}", f"app:1@{DIGEST}", f"app@{DIGEST}", id="tag taken away"),
        pytest.param("{from: 'app*', tag: '2'}", "app-one", "app-one:2", id="glob in a short name"),
        pytest.param("{from: app, tag: '1'}", "app:1", "app:1", id="already so"),
    ],
)
def test_becomes(options: str, before: str, after: str) -> None:
    runs.becomes(patchset(options), pod(before), pod(after))
    runs.stays(patchset(options), pod(after))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nginx", ("", "nginx", "", "")),
        ("a/b:1", ("", "a/b", "1", "")),
        ("localhost/b", ("localhost", "b", "", "")),
        ("localhost:5000/a/b:1", ("localhost:5000", "a/b", "1", "")),
        (f"ghcr.io/a/b/c:v1@{DIGEST}", ("ghcr.io", "a/b/c", "v1", DIGEST)),
        ("", ("", "", "", "")),
    ],
)
def test_parts(text: str, parts: tuple[str, ...]) -> None:
    image = Image.parse(text)
    assert (image.registry, image.repository, image.tag, image.digest) == parts
    assert str(image) == text


CRON = """\
apiVersion: batch/v1
kind: CronJob
metadata: {name: up}
spec:
  schedule: "0 7 * * 1-5"
  jobTemplate:
    spec:
      template:
        spec:
          initContainers:
            - {name: wait, image: "bitnami/kubectl:latest"}
          containers:
            - {name: scale, image: "docker.io/bitnami/kubectl:latest"} # the newest
            - {name: other, image: "busybox:1"}
            - {name: none}
          ephemeralContainers:
            - {name: debug, image: "bitnami/kubectl"}
"""


def test_every_container_of_a_kind_with_a_pod_template() -> None:
    after = CRON.replace("bitnami/kubectl:latest", "bitnami/kubectl:1.30")
    after = after.replace('"bitnami/kubectl"', '"bitnami/kubectl:1.30"')
    runs.becomes(patchset("{from: bitnami/kubectl, tag: '1.30'}"), CRON, after)


def test_just_what_an_at_finds() -> None:
    after = CRON.replace("docker.io/bitnami/kubectl:latest", "docker.io/bitnami/kubectl:1.30")
    options = "{from: bitnami/kubectl, tag: '1.30'}"
    runs.becomes(patchset(options, patch="at: 'containers/[name=scale]'"), CRON, after)
    runs.becomes(patchset(options, patch="at: 'containers/[name=scale]/image'"), CRON, after)


CUSTOM = """\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: k8s}
spec:
  image: quay.io/prometheus/prometheus:v2
  podTemplate:
    spec:
      containers:
        - name: a
          image: quay.io/prometheus/prometheus
"""


def test_custom_kinds_by_their_paths() -> None:
    options = (
        "{from: quay.io/prometheus/*, tag: v3, paths: [/spec/image, /spec/podTemplate/spec/containers/*]}"
    )
    after = CUSTOM.replace("prometheus:v2", "prometheus:v3").rstrip() + ":v3\n"
    runs.becomes(patchset(options), CUSTOM, after)


@pytest.mark.parametrize("before", [pod("nginx-debug"), pod("ghcr.io/a/nginx"), CUSTOM])
def test_no_such_image_is_an_error_where_there_is_none_at_all(before: str) -> None:
    with pytest.raises(PostrenderError, match="no image like nginx in"):
        runs.run(patchset("{from: nginx, tag: '1'}"), before)
    both = f"{before}---\n{pod('nginx')}"
    runs.becomes(patchset("{from: nginx, tag: '1'}"), both, both.replace('"nginx"', '"nginx:1"'))


def test_the_error_names_patch_and_resources() -> None:
    runs.refuses(
        patchset("{from: nginx, tag: '1'}", target="{kind: Pod}"),
        pod("httpd"),
        "patchset p, patch 1 (p.yaml:6): no image like nginx in Pod p",
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param("{from: nginx:1.2, tag: '1'}", "from has a tag or digest", id="tag in from"),
        pytest.param("{from: a, repository: ghcr.io/a}", "repository begins with a registry", id="registry"),
        pytest.param("{from: a, tag: 'a b'}", "tag is none that", id="tag"),
        pytest.param("{from: a, digest: abc}", "digest is none that", id="digest"),
        pytest.param("{from: a, tag: b, paths: [spec]}", "pointer spec without its /", id="path"),
        pytest.param("{tag: b}", "needs the option 'from'", id="no from"),
        pytest.param("{from: a}", "nothing to set", id="nothing to set"),
    ],
)
def test_refuses(options: str, message: str) -> None:
    with pytest.raises(PostrenderError) as caught:
        runs.run(patchset(options), pod("a"))
    assert message in str(caught.value)
