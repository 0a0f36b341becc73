"""The extension's description files agree with each other and with the tree."""
import importlib.util
import json
import pathlib
import re
import struct
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parents[2]


def cmake_metadata():
    """EXTENSION_* variables of the top CMakeLists.txt."""
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return dict(re.findall(r'^set\(EXTENSION_(\w+) "([^"\n]*)"\)', text, flags=re.M) +
                re.findall(r'^set\(EXTENSION_(DEPENDS) "([^"\n]*)"\)', text, flags=re.M))


def s4ext_metadata():
    """Keyword and value of each line of the .s4ext file."""
    lines = (ROOT / "TumorConnectome.s4ext").read_text(encoding="utf-8").splitlines()
    return dict((line.split(" ", 1) + [""])[:2] for line in lines if line and not line.startswith("#"))


def test_s4ext_and_cmake_say_the_same():
    cmake, s4ext = cmake_metadata(), s4ext_metadata()
    for variable in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS"):
        assert cmake[variable] == s4ext[variable.lower()], variable


def test_s4ext_and_json_say_the_same():
    entry, s4ext = json.loads((ROOT / "TumorConnectome.json").read_text(encoding="utf-8")), s4ext_metadata()
    assert entry["scm_url"] == s4ext["scmurl"] and entry["scm_revision"] == s4ext["scmrevision"]
    assert entry["category"] == s4ext["category"] and str(entry["tier"]) == s4ext["tier"]
    assert entry["$schema"].endswith("slicer-extension-catalog-entry-schema-v1.0.2.json#")


def test_urls_lead_to_files_of_the_repository():
    cmake = cmake_metadata()
    for url in [cmake["ICONURL"], *cmake["SCREENSHOTURLS"].split()]:
        assert url.startswith("https://raw.githubusercontent.com/"), url
        assert (ROOT / url.partition("/main/")[2]).is_file(), url


def test_icon_is_128_by_128():
    data = (ROOT / "TumorConnectome/Resources/Icons/TumorConnectome.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == (128, 128)


def test_every_file_of_the_module_is_in_its_cmake_lists():
    spec = importlib.util.spec_from_file_location("list_package_files", ROOT / "Testing/tools/list_package_files.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    text = (ROOT / "TumorConnectome/CMakeLists.txt").read_text(encoding="utf-8")
    assert text == tool.with_lists(text, *tool.package_files()), "run Testing/tools/list_package_files.py"


def test_names_of_widgets_are_unique_in_the_panel():
    # all sections share one namespace: of two widgets with one name the later one would silently replace the first
    names = [name for path in sorted((ROOT / "TumorConnectome/Resources/UI").glob("*.ui"))
             for name in re.findall(r'<widget class="\w+" name="(\w+)"', path.read_text(encoding="utf-8"))]
    assert len(names) > 100 and [name for name, count in Counter(names).items() if count > 1] == []
