"""Files: written whole or not at all, with the permissions of the umask, and never outside their folder."""
import os
import pathlib
import stat
import sys

import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.base.files import (
    atomic_file,
    atomic_folder,
    checked_name,
    checked_uid,
    default_cache_folder,
    sha256_of_files,
)


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_a_file_appears_whole_and_in_new_folders(tmp_path):
    path = tmp_path / "new" / "folder" / "a.txt"
    with atomic_file(path, "w", encoding="utf-8") as stream:
        stream.write("\u00fcber")
        stream.flush()
        assert not path.exists()
    assert path.read_text(encoding="utf-8") == "\u00fcber"
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_no_temporary_one(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(error):
        with atomic_file(path, "w") as stream:
            stream.write("new")
            raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_errors_name_the_file_asked_for_and_not_the_temporary_one(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as caught:
        with atomic_file(tmp_path / "folder") as stream:
            stream.write(b"x")
    assert caught.value.filename == str(tmp_path / "folder")
    assert names(tmp_path) == ["folder"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_can_not_be_written_to_is_named(tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    for opened in (atomic_file, atomic_folder):
        with pytest.raises(PermissionError) as caught:
            with opened(tmp_path / "closed" / "a"):
                pass
        assert caught.value.filename == str(tmp_path / "closed" / "a")


@pytest.fixture(params=[0o022, 0o077, 0o002])
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no umask")
def test_permissions_are_those_the_umask_leaves(tmp_path, umask):
    with atomic_file(tmp_path / "file") as stream:
        stream.write(b"x")
    with atomic_folder(tmp_path / "folder") as folder:
        (folder / "inside").write_bytes(b"x")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o777 & ~umask


def test_two_writers_of_one_file_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "a"
    with atomic_file(path, "w") as first, atomic_file(path, "w") as second:
        first.write("first")
        second.write("second")
    assert path.read_text() == "first"                  # the outer one ended last
    assert names(tmp_path) == ["a"]


def test_a_folder_appears_whole(tmp_path):
    path = tmp_path / "new" / "folder"
    with atomic_folder(path) as temporary:
        (temporary / "a").write_text("x")
        assert not path.exists()
    assert names(path) == ["a"]
    assert names(path.parent) == ["folder"]


def test_an_error_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError):
        with atomic_folder(tmp_path / "folder") as temporary:
            (temporary / "a").write_text("x")
            raise ValueError
    assert names(tmp_path) == []


def test_a_folder_that_somebody_else_finished_meanwhile_stays(tmp_path):
    with atomic_folder(tmp_path / "folder") as temporary:
        (temporary / "a").write_text("ours")
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "a").write_text("theirs")
    assert (tmp_path / "folder" / "a").read_text() == "theirs"
    assert names(tmp_path) == ["folder"]


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(OSError):
        with atomic_folder(tmp_path / "folder"):
            pass
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("uid", ["1", "1.2.840.113654.2.55.31060976780967844152296392", "0", "1." + "2" * 62, " 1.2 ", "1.2\0"])
def test_uids_are_returned_as_safe_text(uid):
    assert checked_uid(uid) == uid.strip("\0 ")


@pytest.mark.parametrize("uid", ["", "..", ".", "1..2", ".1", "1.", "1/2", "../1", "1\\2", "1.2\n", "1.a", "C:1", "-1", "1 2",
                                 "1" * 65, "\u0661.\u0662", "\u0661", None, "1.2\0/x"])
def test_what_is_no_uid_is_refused(uid):
    with pytest.raises(InputError, match="sr.dcm: .* is not a DICOM UID; expected digits and dots"):
        checked_uid(uid, source="sr.dcm")


@pytest.mark.parametrize("name", ["CTFM", "a.b_c-d e", "1", "x" * 128])
def test_names_are_returned_as_they_are(name):
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "../a", "a/b", "a\\b", "/a", "C:a", ".hidden", "a.", "a ", "a\n", "\u00fc",
                                  "x" * 129, "a\0"])
def test_names_that_could_leave_a_folder_are_refused(name):
    with pytest.raises(InputError, match="can not be a file name"):
        checked_name(name)


def test_the_hash_covers_names_order_and_contents(tmp_path):
    def digest(*files):
        paths = []
        for number, (name, content) in enumerate(files):
            path = tmp_path / str(number) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
            paths.append(path)
        return sha256_of_files(paths)

    different = [digest(("a", b"12"), ("b", b"3")), digest(("a", b"1"), ("b", b"23")), digest(("a", b"12"), ("c", b"3")),
                 digest(("b", b"3"), ("a", b"12")), digest(("a", b"12")), digest(("a", b"13"), ("b", b"3")), digest()]
    assert len(set(different)) == len(different)
    assert digest(("a", b"12"), ("b", b"3")) == different[0]


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("TUMORCONNECTOME_CACHE", str(tmp_path))
    assert default_cache_folder() == tmp_path
    monkeypatch.setenv("TUMORCONNECTOME_CACHE", "~/there")
    assert default_cache_folder() == pathlib.Path.home() / "there"


@pytest.mark.parametrize(("platform", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")])
def test_the_cache_folder_follows_the_platform(monkeypatch, tmp_path, platform, variable):
    monkeypatch.delenv("TUMORCONNECTOME_CACHE")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert default_cache_folder() == tmp_path / "TumorConnectome"
    monkeypatch.delenv(variable)
    assert default_cache_folder().is_relative_to(pathlib.Path.home())


def test_an_input_error_is_one_line_of_place_problem_and_expectation():
    error = InputError("3 values", source="a.csv", row=7, expected="4")
    assert str(error) == "a.csv, row 7: 3 values; expected 4"
    assert str(InputError("3 values", source="a.csv", row="header")) == "a.csv, header: 3 values"
    assert str(InputError("3 values")) == "3 values"
    assert str(InputError("a\nb\x1b[2J", source="c\td")) == "c d: a b [2J"
