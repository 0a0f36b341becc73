"""CITATION.cff, CONTRIBUTING.md, the design notes and the dependency table agree with the tree."""
import pathlib
import re
import sys

import pytest
import yaml
from test_architecture import AT_FILE_SCOPE, ROOMS, all_imports, dotted, room_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: name of a module -> how README calls its package
PACKAGES = {"sklearn": "scikit-learn", "umap": "umap-learn", "idc_index_data": "idc-index-data"}
#: parts of Slicer itself
SLICERS_OWN = {"DICOMLib", "SampleData", "packaging", "PythonQt"}


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def citation():
    return yaml.safe_load(text_of("CITATION.cff"))


def test_citation_has_the_required_fields_of_cff_1_2():
    found = citation()
    assert found["cff-version"] == "1.2.0" and found["type"] == "software"
    for field in ("message", "title", "abstract", "license", "repository-code"):
        assert isinstance(found[field], str) and len(found[field]) > 5, field
    for reference in (found, *found["references"]):
        assert reference["authors"], reference["title"]
        for author in reference["authors"]:
            assert "name" in author or {"family-names", "given-names"} <= set(author)
    for reference in found["references"]:
        assert reference["type"] in {"data", "article", "software"}
        assert re.fullmatch(r"10\.\d{4,9}/\S+", reference["doi"])


def test_citation_agrees_with_the_readme_and_the_description():
    readme, found = text_of("README.md"), citation()
    assert found["license"] in readme
    assert f'"{found["repository-code"]}"' in text_of("CMakeLists.txt")
    for reference in found["references"]:
        assert reference["doi"].lower() in readme.lower(), reference["doi"]


def room_edges():
    """(room, room below) of all imports between rooms."""
    return {(room_of(dotted(path)), room_of(found.name)) for path, imports in all_imports().items() for found in imports
            if room_of(dotted(path)) and room_of(found.name) not in (None, room_of(dotted(path)))}


def reached(room, edges):
    """All rooms below a room."""
    direct = {below for start, below in edges if start == room}
    return direct.union(*(reached(below, edges) for below in direct))


def test_the_picture_of_the_architecture_shows_the_real_imports():
    picture = re.search(r"```mermaid\n(.*?)```", text_of("CONTRIBUTING.md"), flags=re.S)[1]
    drawn = re.findall(r"^ +(\w+) --> (\w+)$", picture, flags=re.M)
    assert len(set(drawn)) == len(drawn)
    edges = room_edges()
    detours = {(room, other) for room, below in edges for other in reached(below, edges)}
    assert set(drawn) == edges - detours


def test_every_design_note_is_short_linked_and_answers_a_question():
    contributing = text_of("CONTRIBUTING.md")
    notes = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert len(notes) >= 8
    for note in notes:
        text = note.read_text(encoding="utf-8")
        assert f"(docs/decisions/{note.name})" in contributing, note.name
        assert 120 < len(text.split()) < 400, note.name
        for part in ("**Question.**", "**What we found.**", "**Decision.**"):
            assert part in text, f"{note.name}: {part}"


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", *(f"docs/decisions/{path.name}"
                                                       for path in (ROOT / "docs/decisions").glob("*.md"))])
def test_what_documents_name_exists(name):
    text = text_of(name)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        assert "://" in target or (ROOT / target).exists() or (ROOT / name).parent.joinpath(target).exists(), target
    for path in re.findall(r"`((?:Testing|docs|TumorConnectome)/[\w./]+)`", text):
        assert (ROOT / path).exists(), path
    for module in re.findall(rf"`((?:{'|'.join(ROOMS)})\.\w+)(?:\.\w+)?`", text):
        folder = ROOT / "TumorConnectome/TumorConnectomeLib" / module.replace(".", "/")
        assert folder.is_dir() or folder.with_suffix(".py").is_file(), module


def third_party():
    """Modules of other projects that the extension imports anywhere."""
    found = {one.name.partition(".")[0] for imports in all_imports().values() for one in imports}
    return found - set(sys.stdlib_module_names) - AT_FILE_SCOPE - SLICERS_OWN | {"numpy", "vtk"}


def test_every_third_party_package_is_in_the_dependency_table():
    table = re.search(r"^## Dependencies\n(.*?)^## ", text_of("README.md"), flags=re.S | re.M)[1]
    first_cells = " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| "))
    assert {"pandas", "pydicom", "highdicom", "duckdb"} <= third_party()
    assert [name for name in sorted(third_party()) if PACKAGES.get(name, name) not in first_cells] == []
    for path in (ROOT / "TumorConnectome/Resources").glob("requirements*.txt"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                package = line.partition(">")[0]
                assert PACKAGES.get(package.replace("-", "_"), package) in first_cells, package


def test_every_finding_says_what_was_expected_and_seen_and_is_listed():
    folder = ROOT / "findings"
    listed = re.findall(r"^\| `([^`]+)` \|", (folder / "README.md").read_text(encoding="utf-8"), flags=re.M)
    scripts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.sh")}
    assert sorted(listed) == sorted(scripts)
    for name, text in scripts.items():
        assert text.startswith("#!/bin/sh\n# ") and "\n# Expected: " in text and "\n# Seen" in text, name
        assert re.search(r"pip\"? install .*==", text) and "mktemp -d" in text, name
