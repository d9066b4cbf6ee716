r"""replace-text: this becomes that, in plain strings and in base64."""

from __future__ import annotations

import base64

import pytest

from postrender.errors import PostrenderError
from tests import runs
from tests.transforms import tools


def patchset(options: str, **how: str) -> str:
    return tools.patchset("replace-text", options, **how)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  xnat-conf.properties: |
    datasource.url=jdbc:postgresql://db/xnat
    datasource.user=xnat
  other: jdbc:postgresql://db/other
"""
# The query is merged by what the pattern takes with it: the same again changes nothing.
JDBC = (
    r"{path: /data/xnat-conf.properties, pattern: '(?m)^(datasource\.url=[^?\n]*)(\?.*)?$', "
    r"replacement: \1?ssl=true}"
)

INIT = "\nrabbitmqctl add_user router router\n"
SECRET = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: rabbit}}
data:
  init.sh: {encoded(INIT)}
  ca.der: {base64.b64encode(bytes(range(256))).decode()}
stringData:
  plain: user=router
"""

ARGS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers:
        - name: init
          image: busybox
          args: [--namespace, default]
      containers:
        - name: web
          image: web
          args: ["--url=http://default.svc", --port, "80", 80]
"""


@pytest.mark.parametrize(
    ("options", "before", "old", "new"),
    [
        pytest.param(JDBC, CONFIG, "//db/xnat\n", "//db/xnat?ssl=true\n", id="one line of a value"),
        pytest.param(
            "{path: /data/*, pattern: '//db/', replacement: //pg/}",
            CONFIG,
            "//db/",
            "//pg/",
            id="every value that a pattern finds",
        ),
        pytest.param(
            "{path: /data/*, pattern: add_user router router, replacement: add_user router changed}",
            SECRET,
            encoded(INIT),
            encoded("\nrabbitmqctl add_user router changed\n"),
            id="base64 of a Secret, beside what is no text",
        ),
        pytest.param(
            "{path: /stringData/plain, pattern: router$, replacement: agent}",
            SECRET,
            "user=router",
            "user=agent",
            id="stringData as it stands",
        ),
        pytest.param(
            r"{path: /data/other, pattern: '(?P<scheme>jdbc):postgresql', replacement: '\g<scheme>:pgsql'}",
            CONFIG,
            "jdbc:postgresql://db/other",
            "jdbc:pgsql://db/other",
            id="a group by its name",
        ),
        pytest.param(
            "{path: /data/other, pattern: o, replacement: '0', count: 2}",
            CONFIG,
            "jdbc:postgresql://db/other",
            "jdbc:p0stgresql://db/0ther",
            id="as many as are there",
        ),
    ],
)
def test_becomes(options: str, before: str, old: str, new: str) -> None:
    after = before.replace(old, new)
    runs.becomes(patchset(options), before, after)


def test_applied_twice_is_once() -> None:
    once = runs.run(patchset(JDBC), CONFIG).output.decode()
    runs.stays(patchset(JDBC), once)


def test_strings_of_lists_by_the_patchs_own_place() -> None:
    after = ARGS.replace("--namespace, default", "--namespace, xnat").replace("default.svc", "xnat.svc")
    runs.becomes(
        patchset("{pattern: default, replacement: xnat}", patch="at: containers/*/args/*"), ARGS, after
    )


def test_base64_in_a_place_that_is_no_secret() -> None:
    before = (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: web}}\nbinaryData: {{a: {encoded('one')}}}\n"
    )
    options = "{path: /binaryData/a, pattern: one, replacement: two, decode: base64}"
    runs.becomes(patchset(options), before, before.replace("b25l", encoded("two")))


def test_none_takes_a_secret_as_it_stands() -> None:
    before = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ndata: {a: b25l}\n"
    options = "{path: /data/a, pattern: b25l, replacement: dHdv, decode: none}"
    runs.becomes(patchset(options), before, before.replace("b25l", "dHdv"))


def test_a_secrets_text_shows_in_no_report() -> None:
    rendered = runs.run(patchset("{path: /data/init.sh, pattern: router, replacement: hidden}"), SECRET)
    assert "router" not in repr(rendered.changes)
    assert "hidden" not in repr(rendered.changes)


@pytest.mark.parametrize("form", ["", ", format: regex"], ids=["literal", "regex"])
def test_a_parameter_is_literal_unless_it_is_declared_a_regex(form: str) -> None:
    head = f"parameters: {{old: {{type: string{form}}}, new: {{type: string}}}}\n"
    options = "{path: /data/other, pattern: '${old}', replacement: '${new}'}"
    before = CONFIG.replace("//db/other", "//d.b/other dxb")
    after = before.replace("d.b", r"\1")
    after = after.replace("dxb", r"\1") if form else after
    runs.becomes(patchset(options, head=head), before, after, old="d.b", new=r"\1")


def test_a_parameter_in_the_path_is_literal() -> None:
    head = "parameters: {key: {type: string}}\n"
    before = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a/*.b: x, a/z.b: x}\n"
    options = "{path: '/data/${key}', pattern: x, replacement: new}"
    runs.becomes(patchset(options, head=head), before, before.replace("*.b: x", "*.b: new"), key="a/*.b")


@pytest.mark.parametrize(
    ("options", "before", "message"),
    [
        pytest.param(
            "{path: /data/other, pattern: mysql, replacement: pg}",
            CONFIG,
            "no match of the pattern in ConfigMap web",
            id="no match",
        ),
        pytest.param(
            "{path: /data/Other, pattern: mysql, replacement: pg}",
            CONFIG,
            "no member /data/Other (did you mean other?) in ConfigMap web",
            id="no such place",
        ),
        pytest.param(
            "{path: /data/ca.der, pattern: a, replacement: b}",
            SECRET,
            "no match of the pattern in Secret rabbit",
            id="no text in the base64",
        ),
    ],
)
def test_refuses_what_finds_nothing(options: str, before: str, message: str) -> None:
    runs.refuses(patchset(options), before, f"patchset p, patch 1 (p.yaml:6): {message}")


def test_refuses_another_number_of_matches() -> None:
    runs.refuses(
        patchset("{path: /data/*, pattern: '//db/', replacement: //pg/, count: 1}"),
        CONFIG,
        "patchset p, patch 1 (p.yaml:6), on ConfigMap web: 2 matches of the pattern where 1 should be",
    )


def test_one_of_several_resources_is_enough() -> None:
    after = CONFIG.replace("//db/other", "//pg/other")
    runs.becomes(
        patchset("{path: /data/other, pattern: //db/, replacement: //pg/}"),
        f"{CONFIG}---\n{SECRET}",
        f"{after}---\n{SECRET}",
    )


def test_optional_lets_there_be_no_match() -> None:
    runs.stays(
        patchset("{path: /data/other, pattern: 'x{9}', replacement: y}", patch="optional: true"), CONFIG
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param("{pattern: (a, replacement: b}", "a bad regular expression", id="expression"),
        pytest.param(r"{pattern: a, replacement: \1}", "a bad replacement", id="group"),
        pytest.param(r"{pattern: a, replacement: \g<x>}", "a bad replacement", id="named group"),
        pytest.param("{path: data, pattern: a, replacement: b}", "pointer data without its /", id="pointer"),
        pytest.param("{pattern: a, replacement: b, count: 0}", "a count below 1", id="count"),
        pytest.param("{pattern: a}", "needs the option 'replacement'", id="no replacement"),
        pytest.param("{pattern: a, replacement: b, decode: hex}", "is none of auto, base64", id="decode"),
        pytest.param("{pattern: a, replacment: b}", "did you mean replacement?", id="unknown option"),
    ],
)
def test_mistakes_are_found_when_the_file_is_read(options: str, message: str) -> None:
    with pytest.raises(PostrenderError, match=r"p\.yaml:") as caught:
        runs.run(patchset(options), CONFIG)
    assert message in str(caught.value)
