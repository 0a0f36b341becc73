"""What the Extensions Index checks before it lists an extension, as far as that goes without a network.

The rules are those of its description schema v1.0.2 and of its review script, told anew: each check is also shown to refuse.
"""
import ast
import fnmatch
import json
import os
import pathlib
import re
from itertools import repeat

import pytest
from test_extension_description import ROOT, cmake_metadata, s4ext_metadata

NAME = "TumorConnectome"
#: field -> type in an index entry; `REQUIRED` ones must be there, no other field may be
FIELDS = {"$schema": str, "category": str, "scm_url": str, "scm_revision": str, "scm_type": str, "build_dependencies": list,
          "dicom_support_rule": str, "build_subdirectory": str, "enabled": bool, "tier": int}
REQUIRED = {"$schema", "category", "scm_url"}
LARGEST_REPOSITORY = 100 * 2 ** 20                      # bytes
#: what an index entry and the review of tier 3 call supported; see docs/extensions-index-checklist.md
TIER = 3
CHECKLIST = ROOT / "docs/extensions-index-checklist.md"


def problems_of_entry(name, text):
    """Complaints about the text of an index entry `name`.json: a list of str."""
    entry = json.loads(text)
    found = [f"{field} is missing" for field in sorted(REQUIRED - set(entry))]
    found += [f"{field} is no field" for field in sorted(set(entry) - set(FIELDS))]
    found += [f"{field} is not {FIELDS[field].__name__}" for field, value in entry.items()
              if field in FIELDS and type(value) is not FIELDS[field]]
    if found:
        return found
    if not entry["$schema"].endswith("/slicer-extension-catalog-entry-schema-v1.0.2.json#"):
        found.append("not schema 1.0.2")
    if not 1 <= entry.get("tier", 1) <= 5:
        found.append("tier is not 1 to 5")
    if entry.get("scm_type", "git") not in ("git", "local"):
        found.append("scm_type is neither git nor local")
    if not all(isinstance(one, str) for one in entry.get("build_dependencies", [])):
        found.append("build_dependencies are not names")
    url = re.fullmatch(r"(git|https)://[^/]+/(?:[^/]+/)*(?P<repository>[^/]+?)(\.git)?/?", entry["scm_url"])
    if url is None:
        found.append("scm_url is not git://host/path or https://host/path")
    elif not re.match(r"Slicer(Extension)?[-_]?.", url["repository"]):
        found.append("the repository's name does not start with Slicer")
    if name.lower().startswith("slicer"):
        found.append("the extension's name starts with Slicer")
    if "\r" in text or "\t" in text or not text.endswith("}\n"):
        found.append("line ends, tabs or end of file")
    return found


def entry_text():
    return (ROOT / f"{NAME}.json").read_bytes().decode("utf-8")


def test_index_entry_is_accepted():
    assert problems_of_entry(NAME, entry_text()) == []


@pytest.mark.parametrize("change, complaint", [
    ({"scm_url": None}, "scm_url is missing"), ({"homepage": "https://x.org"}, "homepage is no field"),
    ({"tier": "3"}, "tier is not int"), ({"tier": True}, "tier is not int"), ({"tier": 6}, "tier is not 1 to 5"),
    ({"enabled": "1"}, "enabled is not bool"), ({"scm_type": "svn"}, "scm_type is neither git nor local"),
    ({"build_dependencies": [1]}, "build_dependencies are not names"),
    ({"scm_url": "git@github.com:a/SlicerB"}, "scm_url is not git://host/path or https://host/path"),
    ({"scm_url": "https://github.com/a/B.git"}, "the repository's name does not start with Slicer"),
    ({"$schema": "https://x.org/v1.0.1.json#"}, "not schema 1.0.2")])
def test_a_wrong_index_entry_is_refused(change, complaint):
    entry = {key: value for key, value in {**json.loads(entry_text()), **change}.items() if value is not None}
    assert problems_of_entry(NAME, json.dumps(entry, indent=2) + "\n") == [complaint]


def test_a_wrong_name_and_windows_line_ends_are_refused():
    assert problems_of_entry("SlicerTumors", entry_text()) == ["the extension's name starts with Slicer"]
    assert problems_of_entry(NAME, entry_text().replace("\n", "\r\n")) == ["line ends, tabs or end of file"]


def test_entry_is_named_as_the_cmake_project_and_depends_on_the_same():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert re.findall(r"project\s*\(\s*([^\s)]+)", text) == [NAME]
    depends = cmake_metadata()["DEPENDS"]
    assert json.loads(entry_text())["build_dependencies"] == ([] if depends == "NA" else depends.split())
    assert s4ext_metadata()["depends"] == depends


def test_entry_and_s4ext_claim_the_reviewed_tier():
    assert json.loads(entry_text())["tier"] == int(s4ext_metadata()["tier"]) == TIER
    assert f"Claimed tier: {TIER}" in CHECKLIST.read_text(encoding="utf-8")


def test_s4ext_has_the_known_keywords_once_and_with_a_value():
    lines = (ROOT / f"{NAME}.s4ext").read_text(encoding="utf-8").splitlines()
    keywords = [line.split(" ")[0] for line in lines if line and not line.startswith("#")]
    assert len(set(keywords)) == len(keywords)
    assert {"scm", "scmurl", "scmrevision", "depends", "build_subdirectory", "homepage", "contributors", "category", "iconurl",
            "status", "description", "screenshoturls", "enabled", "tier"} <= set(keywords)
    assert all(s4ext_metadata().values())


def test_scm_revision_is_the_branch_that_the_picture_urls_name():
    branch = json.loads(entry_text())["scm_revision"]
    assert not re.fullmatch("[0-9a-f]{7,40}", branch)
    repository = json.loads(entry_text())["scm_url"].removesuffix(".git").removeprefix("https://github.com/")
    metadata = cmake_metadata()
    for url in [metadata["ICONURL"], *metadata["SCREENSHOTURLS"].split()]:
        assert url.startswith(f"https://raw.githubusercontent.com/{repository}/{branch}/")
    assert metadata["HOMEPAGE"] == f"https://github.com/{repository}"


def test_module_stands_in_the_category_of_the_entry():
    category = json.loads(entry_text())["category"]
    assert f'translate("qSlicerAbstractCoreModule", "{category}")' in (ROOT / f"{NAME}/{NAME}.py").read_text(encoding="utf-8")


def test_license_is_a_permissive_one_in_the_root_and_named_on_the_homepage():
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:200]
    assert "[Apache-2.0](LICENSE)" in (ROOT / "README.md").read_text(encoding="utf-8")


def repository_files():
    """Paths of all files that are not ignored by .gitignore; a downloaded archive has no other list of them."""
    ignored = [line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()]
    found = []
    for folder, names, files in os.walk(ROOT):
        kept = [[name for name in entries if name != ".git" and not any(map(fnmatch.fnmatch, repeat(name), ignored))]
                for entries in (names, files)]
        names[:] = kept[0]
        found += [pathlib.Path(folder, name) for name in kept[1]]
    return found


def test_homepage_has_what_a_visitor_looks_for():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {NAME}\n")
    assert len(re.findall(r"!\[[^]]+\]\(Resources/[\w./-]+\)", text)) >= 2
    for heading in ("Install", "Five minutes", "Cite", "License", "Dependencies"):
        assert re.search(rf"^## {heading}\b", text, flags=re.M), heading
    assert "Not for diagnostic use" in text
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not (ROOT / target).exists()] == []


def test_repository_is_small_and_has_no_binaries_besides_pictures():
    files = repository_files()
    assert ROOT / "LICENSE" in files and not any(".venv" in path.parts for path in files)
    assert sum(path.stat().st_size for path in files) < LARGEST_REPOSITORY
    binary = [path for path in files if b"\0" in path.read_bytes()[:8000]]
    assert [path.name for path in binary if path.suffix != ".png" and path.name != "slicer-names.json.gz"] == []


def test_every_line_of_the_checklist_names_tests_that_exist():
    lines = [line for line in CHECKLIST.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith(("| item", "| ---"))]
    assert len(rows) > 25
    for item, how, tests in rows:
        assert item and how
        names = re.findall(r"`(\w+\.py)(?:::(\w+))?`", tests)
        assert names or tests.startswith("by hand"), item
        for file, function in names:
            paths = [path for path in (ROOT / "Testing").rglob(file) if ".venv" not in path.parts]
            assert len(paths) == 1, file
            functions = {node.name for node in ast.walk(ast.parse(paths[0].read_text(encoding="utf-8")))
                         if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
            assert not function or function in functions, f"{file}::{function}"


def test_documents_are_plain_text_with_a_title():
    for path in pathlib.Path(ROOT / "docs").rglob("*.md"):
        assert path.read_text(encoding="utf-8").startswith("# "), path
