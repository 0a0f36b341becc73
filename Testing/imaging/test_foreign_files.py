"""Files that others made, pydicom's own test files among them: right geometry, or one line that says why not; no traceback."""
import pathlib
import warnings
from collections import defaultdict

import numpy as np
import pydicom
import pytest

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.imaging.ct_series import read_series
from TumorConnectomeLib.imaging.file_header import read_header
from TumorConnectomeLib.imaging.segmentation_file import read_segmentation
from TumorConnectomeLib.imaging.slice_pixels import read_hu
from TumorConnectomeLib.imaging.sr_boxes import read_sr
from TumorConnectomeLib.imaging.stack_planes import plan_planes

FOLDER = pathlib.Path(pydicom.__file__).parent / "data"
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".json"))


def outcomes(read):
    """How many files are read, and how many refused in one line; anything else than an InputError fails the test."""
    done, refused = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in FILES:
            try:
                done.append((path, read(path)))
            except InputError as error:
                assert str(error).isprintable() and len(str(error)) < 1000, path
                refused.append(path)
    return done, refused


def test_there_are_files_to_try():
    assert len(FILES) > 100


@pytest.mark.parametrize("read, at_least", [(read_sr, 0), (read_segmentation, 0), (read_hu, 3)],
                         ids=["report", "segmentation", "pixels"])
def test_every_file_is_read_or_refused_in_one_line(read, at_least):
    done, refused = outcomes(read)
    assert len(done) >= at_least and len(refused) > len(FILES) / 2


def test_every_header_is_read_or_none():
    done, refused = outcomes(read_header)
    assert not refused and sum(header is not None for _, header in done) > 100


def test_every_series_stands_where_its_headers_say():
    """Whatever names itself CT in a folder of everything; the positions are read again here."""
    by_series, read = defaultdict(list), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in FILES:
            header = read_header(path)
            if header is not None and header.modality == "CT":
                by_series[header.series_uid].append(path)
        for uid, paths in by_series.items():
            try:
                series = read_series(paths, uid)
            except InputError as error:
                assert str(error).isprintable(), uid
                continue
            read += 1
            for file, position in zip(series.files, series.positions_lps):
                np.testing.assert_allclose(position, [float(part) for part in pydicom.dcmread(
                    file, stop_before_pixels=True).ImagePositionPatient])
            planes = plan_planes(series.positions_lps, series.axes_lps, series.pixel_spacing_mm, series.rows, series.columns,
                                 series.slice_step_mm)
            assert planes.off_mm.max() <= np.linalg.norm(planes.ijk_to_lps[:3, :3] / 2, axis=0).max() * np.sqrt(3)
    assert read >= 3


def test_a_folder_of_everything_is_searched_without_a_traceback():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InputError, match="CT series found") as error:
            read_series(FOLDER)
    assert str(error.value).isprintable()
