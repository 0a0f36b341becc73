"""A reader's session: five choices, keys to tiles, back, pause, time, every click on disk, going on after a power cut."""
import json

import pytest
from cohort_factory import cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.study.answers import read_answers
from TumorConnectomeLib.study.design import DesignChoices, draw_study
from TumorConnectomeLib.study.session import ReadingSession


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def study():
    return draw_study(cohort(30), "A", DesignChoices(("Ann", "Bob"), queries=4, repeats=1, seed=1))[0]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def start(study, tmp_path, clock):
    """Begin, or go on with, the reading of a reader; the file is `start.path`."""
    def started(reader="Ann"):
        return ReadingSession(study, reader, started.path, clock)
    started.path = tmp_path / "ANSWERS-Ann.json"
    return started


def choose(session, *tiles):
    for tile in tiles:
        session.toggle(tile)


def on_disk(start, study):
    return read_answers(start.path, study)


def test_exactly_five_are_chosen_and_a_sixth_is_not(start):
    session = start()
    assert not session.confirm() and session.chosen == ()
    choose(session, 0, 1, 2, 9)
    assert not session.can_confirm and not session.confirm()
    choose(session, 5)
    assert session.can_confirm
    assert session.toggle(7) is False and session.chosen == (0, 1, 2, 5, 9)
    session.toggle(0)
    assert session.toggle(7) is True and session.chosen == (1, 2, 5, 7, 9)
    assert session.toggle(10) is False and session.toggle(-1) is False


def test_a_confirmed_choice_brings_the_next_query_in_the_readers_own_order(start, study):
    session = start()
    first = session.presentation
    assert first == study.readers["Ann"][0] and session.total == 5
    choose(session, 0, 1, 2, 3, 4)
    assert session.confirm()
    assert (session.number, session.done, session.chosen) == (1, 1, ())
    assert session.presentation == study.readers["Ann"][1]
    (answer,) = on_disk(start, study).answers
    assert (answer.query, answer.time, answer.chosen) == (first.query, first.time, first.candidates[:5])


def test_every_click_is_on_disk_before_the_next(start, study, clock):
    session = start()
    for count, tile in enumerate((3, 1, 4), start=1):
        clock.now += 2
        session.toggle(tile)
        draft = on_disk(start, study).draft
        assert len(draft.chosen) == count and draft.seconds == 2.0 * count
    # the power is cut: another session goes on with the same three
    again = start()
    assert (again.chosen, again.number, again.seconds) == ((1, 3, 4), 0, 6.0)
    assert list(start.path.parent.iterdir()) == [start.path]


def test_a_reading_goes_on_at_the_first_open_query(start):
    session = start()
    for _query in range(2):
        choose(session, 0, 2, 4, 6, 8)
        session.confirm()
    again = start()
    assert (again.number, again.done) == (2, 2)


def test_back_shows_what_was_chosen_and_changes_it(start, study, clock):
    session = start()
    clock.now += 5
    choose(session, 0, 1, 2, 3, 4)
    session.confirm()
    assert session.back() and session.chosen == (0, 1, 2, 3, 4)
    assert not session.back()
    clock.now += 3
    choose(session, 4, 9)
    session.confirm()
    assert (session.number, session.done) == (1, 1)
    (answer,) = on_disk(start, study).answers
    assert answer.seconds == 8.0 and study.readers["Ann"][0].candidates[9] in answer.chosen
    assert not session.forward()                        # the query on the screen is open
    session.back()
    assert session.forward() and session.number == 1


def test_the_clock_stands_while_the_reader_pauses(start, study, clock):
    session = start()
    clock.now += 4
    assert session.pause() and not session.pause()
    clock.now += 1000
    assert session.seconds == 4.0 and session.paused
    assert not session.toggle(1) and not session.skip() and not session.back()
    assert start().seconds == 4.0                       # and after the computer was off
    assert session.resume() and not session.resume()
    clock.now += 1
    choose(session, 0, 1, 2, 3, 4)
    session.confirm()
    assert on_disk(start, study).answers[0].seconds == 5.0


def test_a_skipped_query_is_no_answer(start, study):
    session = start()
    choose(session, 1, 2)
    assert session.skip()
    assert on_disk(start, study).answers[0].chosen == () and session.number == 1


def test_a_complete_reading_is_finished_for_good(start, study):
    session = start()
    assert not session.finish()
    for _query in range(5):
        choose(session, 0, 1, 2, 3, 4)
        assert session.confirm()
    assert session.complete and not session.finished
    assert session.back() and session.number == 3       # until it is finished one can go back
    assert session.finish() and not session.finish()
    assert not session.toggle(0) and not session.confirm() and not session.back() and not session.pause()
    assert on_disk(start, study).finished and on_disk(start, study).draft is None
    assert start().finished and not start().toggle(1)


def test_images_of_the_next_open_queries_can_be_fetched(start, study):
    session = start()
    order = study.readers["Ann"]
    assert session.upcoming() == order[1:2] and session.upcoming(3) == order[1:4]
    choose(session, 0, 1, 2, 3, 4)
    session.confirm()
    session.back()
    assert session.upcoming(2) == order[1:3]
    for _query in range(5):
        session.skip()
    assert session.upcoming(2) == ()


def test_files_of_others_are_left_alone(start, study, clock, tmp_path):
    with pytest.raises(InputError, match="the reader 'Eve' is not in the study; expected one of Ann, Bob"):
        start("Eve")
    assert not start.path.exists()
    start().toggle(1)
    before = start.path.read_bytes()
    with pytest.raises(InputError, match=r"ANSWERS-Ann.json: answers of Ann; expected answers of Bob"):
        start("Bob")
    other = draw_study(cohort(30), "A", DesignChoices(("Ann",), queries=4, seed=9))[0]
    with pytest.raises(InputError, match="answers are to another study"):
        ReadingSession(other, "Ann", start.path, clock)
    assert start.path.read_bytes() == before
    record = json.loads(before)
    record["draft"]["query"] = "Q99"
    start.path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="draft: query 'Q99' is not shown"):
        start()
    start.path.write_text("{")
    with pytest.raises(InputError, match="not a file of this kind"):
        start()
    assert start.path.read_text() == "{"


def test_a_clock_that_is_set_back_leaves_answers_that_can_be_read(start, study, clock):
    session = start()
    clock.now -= 3600
    choose(session, 0, 1, 2, 3, 4)
    clock.now -= 5
    session.confirm()
    assert on_disk(start, study).answers[0].seconds == 0 and start().done == 1


def test_answers_that_are_cut_off_are_named_as_that_and_left_as_they_are(start):
    choose(start(), 0, 1)
    data = start.path.read_bytes()[:-200]
    start.path.write_bytes(data)
    with pytest.raises(InputError, match=r"ANSWERS-Ann.json: the file is cut off or damaged \([\d,]+ bytes\)"):
        start()
    assert start.path.read_bytes() == data
