"""The set-up names what is missing in one line."""
import importlib.util
import pathlib
import platform
import re
import sys
import sysconfig

import pytest
from linked_libraries import linked_outside

TESTING = pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location("system_libraries", TESTING / "system_libraries.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_missing_library_is_named_with_its_package(tool, monkeypatch, capsys):
    monkeypatch.setattr(tool, "LIBRARIES", {"libdoesnotexist.so.9": "libdoesnotexist9"})
    monkeypatch.setattr(tool.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(tool.sys, "platform", "linux")
    assert tool.main() == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and "libdoesnotexist.so.9" in lines[0] and "apt-get install libdoesnotexist9" in lines[0]


def test_root_installs_what_is_missing_and_checks_again(tool, monkeypatch, capsys):
    commands, missing = [], [[("libdoesnotexist.so.9", "libdoesnotexist9")], []]
    monkeypatch.setattr(tool, "missing_packages", lambda: missing.pop(0))
    monkeypatch.setattr(tool.os, "geteuid", lambda: 0)
    monkeypatch.setattr(tool.sys, "platform", "linux")
    monkeypatch.setattr(tool.shutil, "which", lambda name: "/usr/bin/apt-get")
    monkeypatch.setattr(tool.subprocess, "run", lambda command, **options: commands.append(command))
    assert tool.main() == 0
    assert commands[-1][:2] == ["apt-get", "install"] and commands[-1][-1] == "libdoesnotexist9" and not missing


def test_nothing_missing_is_silent(tool, monkeypatch, capsys):
    monkeypatch.setattr(tool, "missing_packages", list)
    assert tool.main() == 0 and capsys.readouterr() == ("", "")


#: part of every system that runs Python: the C and C++ run time
RUN_TIME = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libgcc_s.so.1",
            "libstdc++.so.6", "ld-linux-x86-64.so.2"}
SITE = pathlib.Path(sysconfig.get_path("platlib"))


def imported_qt_modules():
    """Names of PySide6's modules that a file of Testing imports."""
    lines = [line for path in TESTING.rglob("*.py") for line in re.findall(
        r"^ *from PySide6 import ([\w, ]+)", path.read_text(encoding="utf-8"), flags=re.M)]
    return {name.strip() for line in lines for name in line.split(",")}


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() != "x86_64", reason="reads Linux wheels for x86-64")
class TestListedLibraries:
    """The lists hold exactly what the wheels link: neither an update of Qt nor one of VTK needs a library unnoticed."""

    def linked(self, *plugins):
        """What the imported Qt modules, the plugins and all of VTK's and Slicer's files link outside the wheels."""
        qt, *others = wheels = [SITE / name for name in ("PySide6", "shiboken6", "vtkmodules", "slicer", "slicer_core")]
        modules = [next(qt.glob(f"{name}.*so")) for name in sorted(imported_qt_modules())]
        assert {"QtNetwork.abi3.so", "QtWidgets.abi3.so"} <= {path.name for path in modules}
        roots = [*modules, *(qt / "Qt/plugins" / plugin for plugin in plugins),
                 *(path for folder in others for path in folder.rglob("*.so*"))]
        return set(linked_outside(roots, wheels)) - RUN_TIME

    def test_without_a_display(self, tool):
        plugins = (SITE / "PySide6/Qt/plugins/imageformats").glob("libq[gijstw]*.so")
        assert self.linked("platforms/libqoffscreen.so", "iconengines/libqsvgicon.so", *plugins) == set(tool.LIBRARIES)

    def test_with_a_display(self, tool):
        linked = self.linked("platforms/libqoffscreen.so", "platforms/libqxcb.so",
                             *(f"xcbglintegrations/libqxcb-{kind}-integration.so" for kind in ("egl", "glx")))
        assert linked == {*tool.LIBRARIES, *tool.WINDOW_LIBRARIES}

    def test_a_library_that_no_list_has_is_found(self):
        assert linked_outside([SITE / "PySide6/Qt/lib/libQt6Network.so.6"], [SITE / "PySide6"])["libgssapi_krb5.so.2"] == \
            "libQt6Network.so.6"
