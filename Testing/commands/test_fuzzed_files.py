"""A seeded sample of damaged reports and CT files: each is read, or refused in one line; the benchmark reads thousands."""
import io
import json
import sys
import warnings

import dicom_factory
import numpy as np
import pytest
from dicom_factory import make_ct, make_sr, rectangle
from dicom_mutations import MUTATIONS, mutated, repeatable_uids

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.worker import run_worker
from TumorConnectomeLib.imaging.bounded_stream import open_dicom
from TumorConnectomeLib.imaging.ct_series import read_series
from TumorConnectomeLib.imaging.inspection import read_study
from TumorConnectomeLib.imaging.lesions import find_lesions
from TumorConnectomeLib.imaging.measuring import measure
from TumorConnectomeLib.imaging.sr_boxes import read_sr

REPORTS, SLICES = 60, 30


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setattr(dicom_factory, "generate_uid", repeatable_uids())
    slices = make_ct(tmp_path / "ct", 4, size=(16, 16))
    make_sr(tmp_path / "sr.dcm", slices, [(1, rectangle(4, 5, 11, 12)), (2, rectangle(4, 5, 11, 12))])
    return tmp_path, slices


def outcomes(count, path, read, seed):
    """How many damaged versions of a file were read; all others must have been refused in one line."""
    whole, done = path.read_bytes(), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(count):
            path.write_bytes(mutated(whole, np.random.default_rng([seed, number])))
            try:
                findings = read()
            except InputError as error:
                assert str(error).isprintable(), number
            else:
                assert "".join(findings).isprintable(), number
                done += 1
    return done


def test_damaged_reports_are_read_or_refused_in_one_line(study):
    folder, _ = study
    series = read_series(folder / "ct")
    read = outcomes(REPORTS, folder / "sr.dcm", lambda: find_lesions(read_sr(folder / "sr.dcm"), series)[1], 1)
    assert 0 < read < REPORTS


def test_damaged_slices_are_read_or_refused_in_one_line(study):
    folder, slices = study

    def read():
        series, lesions, findings = read_study(folder / "ct", folder / "sr.dcm")
        return [*findings, *(lesion.side_note for lesion in measure(series, lesions).lesions)]

    assert 0 < outcomes(SLICES, slices[1].filename, read, 2) < SLICES


def test_every_kind_of_damage_changes_a_file(study):
    whole = (study[0] / "sr.dcm").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for damage in MUTATIONS:
            assert any(damage(whole, np.random.default_rng([7, number])) != whole for number in range(3)), damage.__name__


def test_the_worker_answers_damage_with_one_line_and_no_traceback(study, monkeypatch):
    folder, _ = study
    whole = (folder / "sr.dcm").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(15):
            (folder / "sr.dcm").write_bytes(mutated(whole, np.random.default_rng([3, number])))
            said = io.StringIO()
            monkeypatch.setattr(sys, "stdout", said)
            status = run_worker(["inspect", "--ct", str(folder / "ct"), "--sr", str(folder / "sr.dcm"),
                                 "--measure", str(folder / "cache")])
            answer = json.loads(said.getvalue().splitlines()[-1])
            assert (status, *answer) in ((0, "result"), (2, "error"))
            assert status == 0 or answer["error"].isprintable()


def test_a_length_beyond_the_end_reserves_no_memory(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 100)
    with open_dicom(tmp_path / "file") as stream:
        stream.seek(40)
        assert len(stream.read(0xFFFFFFF0)) == 60 and stream.read(5) == b"" and stream.size == 100
