"""Texts of errors: one line, of bearable length, with the place and what was expected still in them."""
import pytest

from TumorConnectomeLib.base.errors import LONGEST_TEXT, InputError, JobFailed, NotAvailable, TumorConnectomeError
from TumorConnectomeLib.base.text import shortened

FILES = [f"/data/of/a/patient/with/a/long/name/slice_{number:04}.dcm" for number in range(600)]


@pytest.mark.parametrize("kind", [TumorConnectomeError, NotAvailable, JobFailed])
def test_a_list_of_all_files_of_a_ct_is_cut_in_the_middle(kind):
    text = str(kind(f"can not be listed: {FILES} is what was asked for"))
    assert len(text) <= LONGEST_TEXT and text.startswith("can not be listed: ['/data") and text.endswith("was asked for")
    assert "characters ...]" in text


@pytest.mark.parametrize("where", ["problem", "row", "expected"])
def test_every_part_of_an_input_error_is_readable_beside_a_part_that_is_too_long(where):
    parts = {"problem": "has 3 files", "row": "SeriesInstanceUID", "expected": "one series", where: f"{FILES}"}
    error = InputError(parts.pop("problem"), source="study.dcm", **parts)
    text = str(error)
    assert len(text) < 1200 and "study.dcm" in text
    for part, short in (("problem", "has 3 files"), ("row", "SeriesInstanceUID"), ("expected", "one series")):
        assert part == where or short in text


def test_short_texts_stay_as_they_are():
    assert shortened("all of it", 9) == "all of it"
    text = str(InputError("is 'old'", source="a.csv", row=7, expected="a number"))
    assert text == "a.csv, row 7: is 'old'; expected a number"


@pytest.mark.parametrize("length", [161, 200, 5000])
def test_what_is_left_and_what_is_counted_are_the_whole(length):
    text = "".join(chr(97 + number % 26) for number in range(length))
    short = shortened(text, 160)
    head, _, rest = short.partition(" [... ")
    count, _, tail = rest.partition(" characters ...] ")
    assert len(short) <= 160 and text.startswith(head) and text.endswith(tail)
    assert len(head) + int(count.replace(",", "")) + len(tail) == length
