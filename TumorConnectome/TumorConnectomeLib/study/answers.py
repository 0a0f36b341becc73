"""What a reader answered, as it comes back in ANSWERS-reader.json, and the answers of all readers together."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import InputError
from ..base.text import one_line
from .readings import CANDIDATES, CHOSEN, Readings
from .study import VERSION, Study, read_record, write_record

FORMAT = "TumorConnectome reader answers"


@dataclass(frozen=True)
class Answer:
    """One choice.

    Parameters
    ----------
    query : str
        Key of the query.
    time : int
        1, or 2 for the second time the reader saw it.
    chosen : tuple of str
        Five PatientIDs; empty for a query that was skipped.
    seconds : float
        How long the reader looked, pauses not counted; NaN where it is not known.
    """

    query: str
    time: int
    chosen: tuple[str, ...]
    seconds: float = float("nan")


@dataclass(frozen=True)
class ReaderAnswers:
    """All answers of one reader so far.

    Parameters
    ----------
    study_sha256, cohort_sha256 : str
        Which study and cohort they are for.
    reader : str
    answers : tuple of Answer
    draft : Answer or None
        What is chosen so far for the query on the screen: at most five. It is no answer.
    finished : bool
        Whether the reader has closed the reading.
    """

    study_sha256: str
    cohort_sha256: str
    reader: str
    answers: tuple[Answer, ...]
    draft: Answer | None = None
    finished: bool = False

    def to_record(self) -> dict:
        """As JSON can hold it."""
        return {"format": FORMAT, "version": VERSION, "study_sha256": self.study_sha256, "cohort_sha256": self.cohort_sha256,
                "reader": self.reader,
                "answers": [_answer_record(one) for one in self.answers],
                "draft": None if self.draft is None else _answer_record(self.draft), "finished": self.finished}

    @classmethod
    def from_record(cls, record: Mapping) -> ReaderAnswers:
        """The inverse of `to_record`."""
        draft = record.get("draft")
        return cls(str(record["study_sha256"]), str(record["cohort_sha256"]), str(record["reader"]),
                   tuple(map(_answer_of, record["answers"])), None if draft is None else _answer_of(draft),
                   record.get("finished") is True)


def _answer_record(answer):
    return {"query": answer.query, "time": answer.time, "chosen": list(answer.chosen),
            "seconds": None if math.isnan(answer.seconds) else answer.seconds}


def _answer_of(record):
    return Answer(str(record["query"]), int(record["time"]), tuple(map(str, record["chosen"])),
                  float("nan") if record.get("seconds") is None else float(record["seconds"]))


def write_answers(path, answers: ReaderAnswers):
    """Write a reader's answers in one step."""
    write_record(path, answers.to_record())


def read_answers(path, study: Study) -> ReaderAnswers:
    """Read a reader's answers and check them against the study.

    Raises
    ------
    InputError
        The file is damaged, is of another study or cohort, or holds an answer that this reader could not give.
    """
    record = read_record(path, FORMAT)
    try:
        found = ReaderAnswers.from_record(record)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise InputError(f"the answers are damaged ({type(error).__name__})", source=path,
                         expected="the file as the reading wrote it") from None
    if found.cohort_sha256 != study.cohort_sha256:
        raise InputError(f"the answers are about another cohort (sha256 {one_line(found.cohort_sha256, 12)}...)", source=path,
                         expected=f"{study.cohort} (sha256 {study.cohort_sha256[:12]}...)")
    if found.study_sha256 != study.sha256:
        raise InputError(f"the answers are to another study (sha256 {one_line(found.study_sha256, 12)}...)", source=path,
                         expected=f"answers to the study {study.sha256[:12]}...")
    if found.reader not in study.readers:
        raise InputError(f"the reader {one_line(found.reader, 60)!r} is not in the study", source=path,
                         expected=f"one of {', '.join(study.readers)}")
    shown, seen = {(one.query, one.time): set(one.candidates) for one in study.readers[found.reader]}, set()
    for number, answer in enumerate(found.answers, start=1):
        _check_answer(answer, f"answer {number}", shown, seen, (0, CHOSEN), path)
    if found.draft is not None:
        _check_answer(found.draft, "draft", shown, set(), range(CHOSEN + 1), path)
    return found


def _check_answer(answer, place, shown, seen, counts, path):
    key = answer.query, answer.time
    if key not in shown:
        raise InputError(f"query {one_line(answer.query, 40)!r} is not shown to this reader {_times(answer.time)}", source=path,
                         row=place, expected="a query of the study")
    if key in seen:
        raise InputError(f"query {answer.query} is answered twice", source=path, row=place, expected="one answer")
    seen.add(key)
    alien = [patient for patient in answer.chosen if patient not in shown[key]]
    if alien:
        raise InputError(f"{one_line(alien[0], 40)!r} is no candidate of query {answer.query}", source=path, row=place,
                         expected="candidates of the study")
    if len(set(answer.chosen)) != len(answer.chosen) or len(answer.chosen) not in counts:
        raise InputError(f"{len(set(answer.chosen))} candidates of query {answer.query} are chosen", source=path, row=place,
                         expected=f"{CHOSEN} different ones, or none for a skipped query")
    if answer.seconds < 0 or math.isinf(answer.seconds):
        raise InputError(f"query {answer.query} took {answer.seconds} seconds", source=path, row=place, expected="0 or more")


def _times(time):
    return "a second time" if time == 2 else f"for time {time}" if time != 1 else "at all"


def readings_of(study: Study, paths: Sequence) -> Readings:
    """The answers of several readers as Readings; readers without a file are left out.

    Raises
    ------
    InputError
        A file is damaged or of another study, or two files are of one reader.
    """
    of_reader = {}
    for path in paths:
        found = read_answers(path, study)
        if found.reader in of_reader:
            raise InputError(f"answers of {found.reader} are in {of_reader[found.reader][0]} as well", source=path,
                             expected="one file per reader")
        of_reader[found.reader] = path, found.answers
    readers = [reader for reader in study.readers if reader in of_reader]
    place = {query.key: number for number, query in enumerate(study.queries)}
    shape = (2, len(readers), len(study.queries), CANDIDATES)
    chosen, answered, seconds = np.zeros(shape, bool), np.zeros(shape[:3], bool), np.full(shape[1:3], np.nan)
    for number, reader in enumerate(readers):
        for answer in of_reader[reader][1]:
            at = place[answer.query]
            if answer.chosen:
                answered[answer.time - 1, number, at] = True
                chosen[answer.time - 1, number, at] = [one in answer.chosen for one in study.queries[at].candidates]
                if answer.time == 1:
                    seconds[number, at] = answer.seconds
    places = np.array([key.places for key in study.keys])
    return Readings(tuple(readers), tuple(query.key for query in study.queries), places <= CHOSEN, chosen[0], answered[0],
                    seconds, chosen[1], answered[1], places, np.array([key.margin for key in study.keys]))
