"""The set-up names what is missing in one line."""
import importlib.util
import pathlib

import pytest


@pytest.fixture
def tool():
    path = pathlib.Path(__file__).resolve().parents[1] / "system_libraries.py"
    spec = importlib.util.spec_from_file_location("system_libraries", path)
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
