"""Names to files: folders of a site's own come first, then packages, then ours; and what is built on what."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from postrender import library, uses
from postrender.errors import FormatError
from tests.runs import folder

PATCHSET = "apiVersion: postrender/v1\nkind: Patchset\nname: {name}\ndescription: Of a site.\n"
OVERLAY = PATCHSET.replace("Patchset", "Overlay")
POINTS = "[console_scripts]\nacme = acme:main\n[postrender.patchsets]\nacme = acme.library\n"


def site(*names: str) -> dict[str, str]:
    """The files of a package that names a folder with these patchsets."""
    return {
        "lib/acme/__init__.py": "",
        "lib/acme-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n",
        "lib/acme-1.0.dist-info/entry_points.txt": POINTS,
        **{f"lib/acme/library/{name}/patchset.yaml": PATCHSET.format(name=name) for name in names},
    }


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packages of a test are on the import path for that test, and forgotten after it."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in [name for name in sys.modules if name.split(".")[0] == "acme"]:
        monkeypatch.delitem(sys.modules, name)


def test_folders_come_before_packages_and_packages_before_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        **site("alb-nodeport", "gate", "wall"),
        "own/gate/patchset.yaml": PATCHSET.format(name="gate"),
        "own/patchsets/door/patchset.yaml": PATCHSET.format(name="door"),
        "own/overlays/house/overlay.yaml": OVERLAY.format(name="house"),
    }
    with folder(files) as here:
        sys.path.append(str(here / "lib"))
        monkeypatch.setenv(library.ENVIRONMENT, str(here / "own"))
        assert library.find("gate") == here / "own/gate/patchset.yaml"
        assert library.find("door") == here / "own/patchsets/door/patchset.yaml"
        assert library.find("house", "Overlay") == here / "own/overlays/house/overlay.yaml"
        assert library.find("wall") == here / "lib/acme/library/wall/patchset.yaml"
        assert library.find("alb-nodeport") == here / "lib/acme/library/alb-nodeport/patchset.yaml"
        assert library.is_shipped(library.find("alb-ingress"))
        origins = {entry.name: entry.origin for entry in library.entries()}
        assert origins["gate"] == "own"
        assert origins["wall"] == origins["alb-nodeport"] == "package acme.library"
        assert origins["alb-ingress"] == "postrender"


def test_a_folder_that_is_no_package_of_python_will_do() -> None:
    files = {name: text for name, text in site("wall").items() if not name.endswith("__init__.py")}
    with folder(files) as here:
        sys.path.append(str(here / "lib"))
        assert library.find("wall") == here / "lib/acme/library/wall/patchset.yaml"


def test_an_entry_point_that_names_nothing_is_an_error_even_for_our_names() -> None:
    with folder(site()) as here:
        sys.path.append(str(here / "lib"))
        with pytest.raises(FormatError, match=r"the entry point acme of .* names acme.library") as caught:
            library.find("alb-nodeport")
        assert "no package" in str(caught.value)


@pytest.mark.parametrize("installed", [False, True])
def test_entry_points_are_looked_up_only_where_there_are_any(
    monkeypatch: pytest.MonkeyPatch, installed: bool
) -> None:
    files = (
        site("wall") if installed else {"lib/a-1.dist-info/entry_points.txt": "[console_scripts]\na = a:b\n"}
    )
    monkeypatch.delitem(sys.modules, "importlib.metadata", raising=False)
    with folder(files) as here:
        monkeypatch.setattr(sys, "path", [str(here / "lib"), *map(str, _standard_library())])
        library.find("alb-nodeport")
    assert ("importlib.metadata" in sys.modules) is installed


def _standard_library() -> list[Path]:
    root = Path(pytest.__file__).parents[1]
    return [Path(each) for each in sys.path if Path(each).resolve() != root]


def test_a_sites_own_overlay_builds_on_ours_of_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    own = OVERLAY.format(name="xnat-aws") + "patchsets:\n  - {name: xnat-aws, as: ours}\n"
    with folder({"own/xnat-aws/overlay.yaml": own}) as here:
        monkeypatch.setenv(library.ENVIRONMENT, str(here / "own"))
        found = library.load(library.find("xnat-aws"))
        assert found.folder == here / "own/xnat-aws"
        assert [use.label for use in found.uses] == ["ours"]
        assert library.is_shipped(found.uses[0].patchset.path)


def test_an_overlay_that_uses_itself_by_path_goes_round_in_a_circle() -> None:
    text = OVERLAY.format(name="o") + "patchsets: [{name: ../o}]\n"
    with (
        folder({"o/overlay.yaml": text}),
        pytest.raises(FormatError, match=r"in a circle: o/overlay\.yaml -> "),
    ):
        uses.plan(overlays=["./o"])
