"""The size limit of the cache: what was not used for longest goes first, leftovers always, what is in use never."""
import os
import shutil
import time

import pytest

from TumorConnectomeLib.imaging.cache_limits import cache_items, tidy
from TumorConnectomeLib.imaging.file_lock import exclusive
from TumorConnectomeLib.imaging.series_cache import CacheSource, SeriesCache, SeriesRecord
from TumorConnectomeLib.imaging.sources import SeriesRequest
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking

DAY = 86400


class StockedCache:
    """A cache with CTs 1.1, 1.2, 1.3 of 1000 bytes, each with a report of 10 bytes; used in this order, an hour apart."""

    def __init__(self, folder):
        self.cache, self.folder = SeriesCache(folder), folder
        for number in (1, 2, 3):
            self.store(f"2.{number}", 10)
            self.store(f"1.{number}", 1000, report_uid=f"2.{number}")
            self.used(f"1.{number}", time.time() - (10 - number) * 3600)
        self.overhead = sum(item.bytes for item in cache_items(folder)) - 3030

    def store(self, uid, size, report_uid=""):
        staged = self.folder / "staging" / uid / "new"
        (staged / "files").mkdir(parents=True)
        (staged / "files" / "a.dcm").write_bytes(bytes(size))
        time_ns = (staged / "files" / "a.dcm").stat().st_mtime_ns
        self.cache.put(staged, SeriesRecord(uid, (("a.dcm", size, time_ns),), "0", (), report_uid))
        shutil.rmtree(self.folder / "staging" / uid)

    def used(self, uid, at):
        os.utime(self.cache.entry(uid) / "series.json", (at, at))

    def stored(self):
        return sorted(path.name for path in (self.folder / "idc").iterdir())

    def tidy(self, limit, keep=(), **options):
        return tidy(self.folder, limit, keep, **options)


@pytest.fixture
def stocked(tmp_path):
    return StockedCache(tmp_path / "cache")


def make(path, size=100, age=0.0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    for one in (path, path.parent):
        os.utime(one, (time.time() - age, time.time() - age))
    return path


def test_below_the_limit_nothing_is_removed(stocked):
    answer = stocked.tidy(10_000)
    assert answer == {"bytes": 3030 + stocked.overhead, "series": 3, "freed": 0, "removed": 0}
    assert stocked.stored() == ["1.1", "1.2", "1.3", "2.1", "2.2", "2.3"]


def test_the_ct_that_was_not_used_for_longest_goes_first_with_its_report(stocked):
    answer = stocked.tidy(2020 + stocked.overhead)
    assert stocked.stored() == ["1.2", "1.3", "2.2", "2.3"]
    assert (answer["series"], answer["removed"]) == (2, 1) and answer["bytes"] <= 2020 + stocked.overhead


def test_using_a_series_saves_it(stocked):
    run_blocking(CacheSource(stocked.cache).fetch(SeriesRequest("x", "1", "1.1", "2.1")))
    stocked.tidy(1010 + stocked.overhead)
    assert stocked.stored() == ["1.1", "2.1"]


def test_what_is_shown_stays_though_it_is_over_the_limit(stocked):
    answer = stocked.tidy(0, keep=["1.2", "1.9"])
    assert stocked.stored() == ["1.2", "2.2"] and answer["bytes"] > 1000


def test_what_another_process_is_fetching_stays(stocked):
    make(stocked.folder / "staging" / "1.4" / "x.dcm", age=30 * DAY)
    with exclusive(stocked.cache.lock_file("1.3"), "x"), exclusive(stocked.cache.lock_file("1.4"), "x"):
        stocked.tidy(0)
        assert stocked.stored() == ["1.3", "2.3"] and (stocked.folder / "staging" / "1.4").exists()
    stocked.tidy(0)
    assert stocked.stored() == [] and not (stocked.folder / "staging" / "1.4").exists()


def test_a_series_used_after_it_was_looked_at_stays(stocked, monkeypatch):
    from TumorConnectomeLib.imaging import cache_limits
    found = cache_items(stocked.folder)
    monkeypatch.setattr(cache_limits, "cache_items", lambda folder, now: found)
    stocked.cache.touch("1.1")
    stocked.tidy(2020 + stocked.overhead)
    assert stocked.stored() == ["1.1", "1.3", "2.1", "2.3"]


def test_unfinished_downloads_are_kept_for_two_weeks(stocked):
    for uid, age in (("1.4", 13 * DAY), ("1.5", 15 * DAY)):
        make(stocked.folder / "staging" / uid / "x.dcm", age=age)
    stocked.tidy(None)
    assert [path.name for path in (stocked.folder / "staging").iterdir() if path.is_dir()] == ["1.4"]


def test_damaged_entries_and_temporary_files_are_removed(stocked):
    (stocked.cache.entry("1.1") / "series.json").unlink()
    old = make(stocked.folder / "linked" / ".1.2-ab.0123.part" / "00000.dcm", age=2 * DAY).parent
    new = make(stocked.folder / "linked" / ".1.3-ab.0123.part" / "00000.dcm").parent
    thumbnail = make(stocked.folder / "thumbnails" / ".1.7.jpg.0123.part", age=2 * DAY)
    of_a_map = make(stocked.folder / "maps" / "deep" / ".map.npz.0123456789ab.part", age=2 * DAY)
    others = [make(stocked.folder / "maps" / name, age=2 * DAY) for name in ("a.npz", ".b.npz.part", "c.0123456789ab.part")]
    others.append(make(stocked.folder / "maps" / ".new.npz.0123456789ab.part"))
    stocked.tidy(None)
    assert "1.1" not in stocked.stored() and not old.exists() and not thumbnail.exists() and new.exists()
    assert not of_a_map.exists() and all(path.exists() for path in others)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_links_to_files_that_are_gone_or_not_used_for_a_month_are_removed(stocked, tmp_path):
    original = make(tmp_path / "mine" / "a.dcm")
    for uid, target in (("1.7", original), ("1.8", tmp_path / "gone"), ("1.9", original)):
        folder = stocked.folder / "linked" / f"{uid}-0123456789ab"
        folder.mkdir(parents=True)
        (folder / "00000.dcm").symlink_to(target)
        if uid == "1.9":
            os.utime(folder, (1, 1))
    stocked.tidy(None)
    assert [path.name for path in (stocked.folder / "linked").iterdir()] == ["1.7-0123456789ab"]
    stocked.tidy(0)
    assert not list((stocked.folder / "linked").iterdir()) and original.exists()


def test_emptying_takes_pictures_and_synthetic_studies_but_no_results_of_analyses_and_nothing_unknown(stocked):
    for name in ("thumbnails/1.2.jpg", "synthetic/SYN-001/ct.dcm", "synthetic/SYN-002/ct.dcm", "prepared/cohort.npz",
                 "derived/x", "evaluations/y", "mine.txt"):
        make(stocked.folder / name)
    answer = stocked.tidy(0, keep=["SYN-002"])
    assert sorted(path.relative_to(stocked.folder).as_posix() for path in stocked.folder.rglob("*")
                  if path.is_file() and path.suffix != ".lock") == [
        "derived/x", "evaluations/y", "mine.txt", "prepared/cohort.npz", "synthetic/SYN-002/ct.dcm"]
    assert answer["bytes"] == 100


def test_names_that_are_no_uids_are_left_alone(stocked):
    strange = make(stocked.folder / "idc" / "my folder" / "x", age=99 * DAY)
    stocked.tidy(0)
    assert strange.exists()


def test_the_worker_does_the_same(stocked):
    answer = run_blocking(_single(PythonJob("Tidying", "tidy-cache", stocked.folder, 1010 + stocked.overhead, "1.1")))
    assert stocked.stored() == ["1.1", "2.1"] and answer["removed"] == 2
    assert run_blocking(_single(PythonJob("Tidying", "tidy-cache", stocked.folder, -1)))["series"] == 1
    assert run_blocking(_single(PythonJob("Tidying", "tidy-cache", stocked.folder / "nowhere", 0)))["bytes"] == 0


def _single(job):
    """A sequence of one job."""
    return (yield job)
