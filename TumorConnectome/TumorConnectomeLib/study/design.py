"""Draws a reader study from a cohort: queries, ten candidates each, and every reader's own order of both.

The design of the published reader study is the five nearest against the five farthest patients by the model, in random order.
Against random patients, or against ranks 11 to 15, the question is harder: far neighbors are often the same few outliers, and
telling those from near ones needs no model.
"""
from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import UNKNOWN, Cohort
from ..neighbors.exact_cosine import distances_of_parts, split, unit_vectors
from .readings import CANDIDATES, CHOSEN, answers_name, checked_readers
from .study import CandidateKey, Presentation, Study, StudyQuery

#: first rank of the harder design's other five
_NEXT_RANK = 11
_IMAGE_COLUMNS = ("StudyInstanceUID", "CT_SeriesInstanceUID", "SR_SeriesInstanceUID", "center_SOPInstanceUID")
#: streams of random numbers
_QUERIES, _RANDOM_CANDIDATES, _READER_ORDER = 0, 1, 2
_BLOCK_ROWS = 4096


class Against(Enum):
    """Which five stand beside the five nearest."""

    FARTHEST = "farthest"
    RANDOM = "random"
    RANKS_11_TO_15 = "ranks-11-15"

    def label(self) -> str:
        """What the interface shows."""
        return {Against.FARTHEST: "Five farthest (as published)", Against.RANDOM: "Five of all others at random",
                Against.RANKS_11_TO_15: "Neighbors 11 to 15 (hardest)"}[self]

    def meaning(self) -> str:
        """One phrase for help and the panel."""
        return {Against.FARTHEST: "the five farthest, as in the published study",
                Against.RANDOM: "five of all others at random",
                Against.RANKS_11_TO_15: "the neighbors of rank 11 to 15"}[self]


@dataclass(frozen=True)
class DesignChoices:
    """What the maker of a study decides.

    Parameters
    ----------
    readers : tuple of str
        Their names, which become parts of file names.
    queries : int or None
        How many are drawn; None for every patient.
    chosen : tuple of str
        PatientIDs of the queries, instead of drawn ones.
    stratify : str
        Key of a facet: queries are drawn in proportion to its categories, of patients whose category is known; "" for none.
    against : Against
    repeats : int
        Queries that every reader sees twice, for the agreement of readers with themselves.
    at_most : int or None
        How often a patient can be a candidate in the whole study. A hub beyond it is passed over, and the next in rank
        takes its place.
    seed : int
    """

    readers: tuple[str, ...]
    queries: int | None = 25
    chosen: tuple[str, ...] = ()
    stratify: str = ""
    against: Against = Against.FARTHEST
    repeats: int = 0
    at_most: int | None = None
    seed: int = 0

    def to_record(self) -> dict:
        """As JSON can hold it."""
        return {"readers": list(self.readers), "queries": self.queries, "chosen": list(self.chosen), "stratify": self.stratify,
                "against": self.against.value, "repeats": self.repeats, "at_most": self.at_most, "seed": self.seed}


@dataclass
class _Counts:
    """How often patients are candidates so far, and how often one was passed over for that."""

    limit: int | None
    uses: Counter = field(default_factory=Counter)
    passed_over: int = 0

    def take(self, rows, number):
        """The first `number` of these patients who may still be candidates; None if there are not so many."""
        taken, passed = [], 0
        for row in rows:
            if len(taken) == number:
                break
            if self.limit is not None and self.uses[row] >= self.limit:
                passed += 1
            else:
                taken.append(int(row))
        if len(taken) < number:
            return None
        self.passed_over += passed
        return taken


def draw_study(cohort: Cohort, model: str, choices: DesignChoices) -> tuple[Study, list[str]]:
    """Draw a study; the same cohort, model and choices give the same one.

    Returns
    -------
    Study
    list of str
        What its maker should know, one sentence each.

    Raises
    ------
    InputError
        The cohort is too small, has no such query, facet or vectors, or a limit leaves too few candidates.
    """
    _check(cohort, choices)
    embedding, random = cohort.embeddings[model], np.random.default_rng([choices.seed, _RANDOM_CANDIDATES])
    parts, counts, found = split(unit_vectors(embedding, source=model)), _Counts(choices.at_most), []
    wanted, order = _query_rows(cohort, choices)
    for row in order:
        if len(found) == wanted:
            break
        drawn = _candidates(row, parts, choices.against, counts, random)
        if drawn is None and choices.chosen:
            raise InputError(f"patient {cohort.patient_ids[row]} has too few candidates", source=cohort.name,
                             expected=f"{CANDIDATES} who are candidates at most {choices.at_most} times")
        if drawn is not None:
            found.append((row, *drawn))
    if len(found) < wanted:
        raise InputError(f"only {len(found)} queries have enough candidates", source=cohort.name,
                         expected=f"{wanted}: fewer queries, or patients more often than {choices.at_most} times")
    width = len(str(wanted))
    queries, keys = [], []
    for number, (row, rows, key) in enumerate(found, start=1):
        queries.append(StudyQuery(f"Q{number:0{width}}", cohort.patient_ids[row], tuple(cohort.patient_ids[i] for i in rows)))
        keys.append(key)
    study = Study(cohort.name, cohort_sha256(cohort, model), len(cohort.patients), model, choices.to_record(), tuple(queries),
                  _reader_orders(queries, choices), _images(cohort, queries), tuple(keys))
    if not counts.passed_over:
        return study, []
    note = (f"{counts.passed_over} times a patient who is a candidate {choices.at_most} times already was passed over; "
            "the next in rank took the place.")
    return study, [note]


def _check(cohort, choices):
    checked_readers(choices.readers)
    files: dict[str, str] = {}
    for reader in choices.readers:
        first = files.setdefault(answers_name(reader).casefold(), reader)
        if first != reader:
            raise InputError(f"the files of readers {first!r} and {reader!r} would have one name",
                             expected="names that differ by more than capital letters")
    if not choices.readers:
        raise InputError("no readers", expected="at least one name")
    possible, others = len(cohort.patients), CANDIDATES
    if choices.against is Against.RANKS_11_TO_15:
        others = _NEXT_RANK + CHOSEN - 1
    if possible < others + 1:
        raise InputError(f"{possible} patients", source=cohort.name, expected=f"at least {others + 1} for this design")
    if choices.queries is not None and not 1 <= choices.queries <= possible:
        raise InputError(f"{choices.queries} queries", source=cohort.name, expected=f"1 to {possible}, its patients")
    if choices.at_most is not None and choices.at_most < 1:
        raise InputError(f"patients are candidates at most {choices.at_most} times", expected="1 or more")
    count = len(choices.chosen) or choices.queries or possible
    if not 0 <= choices.repeats <= count:
        raise InputError(f"{choices.repeats} repeats", expected=f"0 to {count}, the number of queries")


def _query_rows(cohort, choices):
    """Number of queries, and rows of patients in the order in which they are tried."""
    ids, random = cohort.patient_ids, np.random.default_rng([choices.seed, _QUERIES])
    if choices.chosen:
        unknown = [patient for patient in choices.chosen if patient not in set(ids)]
        doubled = [patient for patient, count in Counter(choices.chosen).items() if count > 1]
        if unknown or doubled:
            raise InputError(f"no patient {unknown[0]!r}" if unknown else f"patient {doubled[0]} is chosen twice",
                             source=cohort.name, expected="PatientIDs of the cohort, each once")
        rows = [ids.index(patient) for patient in choices.chosen]
        return len(rows), [rows[i] for i in random.permutation(len(rows))]
    wanted = choices.queries or len(ids)
    if not choices.stratify:
        return wanted, random.permutation(len(ids)).tolist()
    if choices.stratify not in cohort.facets:
        raise InputError(f"no facet {choices.stratify!r}", source=cohort.name,
                         expected=f"one of {', '.join(cohort.facets) or 'none: nothing is known about the patients'}")
    return wanted, _stratified(cohort.facets[choices.stratify], wanted, random, cohort.name)


def _stratified(facet, wanted, random, source):
    """Rows in an order of which every beginning has the categories in proportion: largest remainder first."""
    known = np.array([name != UNKNOWN for name in facet.categories])
    rows = random.permutation(np.flatnonzero(known[facet.codes]))
    if len(rows) < wanted:
        raise InputError(f"{facet.key} is known of {len(rows)} patients", source=source, expected=f"{wanted} queries")
    pools = {code: list(rows[facet.codes[rows] == code]) for code in np.unique(facet.codes[rows])}
    shares = {code: len(pool) / len(rows) for code, pool in pools.items()}
    order, taken = [], Counter()
    while len(order) < len(rows):
        code = max((code for code in pools if taken[code] < len(pools[code])),
                   key=lambda code: (shares[code] * (len(order) + 1) - taken[code], -code))
        order.append(int(pools[code][taken[code]]))
        taken[code] += 1
    return order


def _candidates(row, parts, against, counts, random):
    """Rows of ten candidates, ascending, and their key; None if a limit leaves too few."""
    high, low = parts
    distances = distances_of_parts(high[row:row + 1], low[row:row + 1], high, low)[0]
    distances[row] = np.inf
    ranked = np.argsort(distances, kind="stable")[:-1]
    rank_of = {int(other): rank for rank, other in enumerate(ranked, start=1)}
    before = counts.passed_over
    near = counts.take(ranked, CHOSEN)
    others = None
    if near is not None:
        beyond = ranked[rank_of[near[-1]]:]
        if against is Against.FARTHEST:
            others = counts.take(beyond[::-1], CHOSEN)
        elif against is Against.RANDOM:
            others = counts.take(random.permutation(beyond), CHOSEN)
        else:
            others = counts.take(ranked[max(_NEXT_RANK - 1, rank_of[near[-1]]):], CHOSEN)
    if others is None:
        counts.passed_over = before
        return None
    rows = sorted([*near, *others])
    counts.uses.update(rows)
    ranks = [rank_of[i] for i in rows]
    places = (np.argsort(np.argsort(ranks)) + 1).tolist()
    spread = float(distances[ranked].std())
    gap = float(distances[others].min() - distances[near].max())
    return rows, CandidateKey(tuple(ranks), tuple(places), gap / spread if spread > 0 else 0.0)


def _reader_orders(queries, choices):
    """Every reader's order of queries and candidates; a second presentation stands in the second half."""
    repeated = np.random.default_rng([choices.seed, _QUERIES, 1]).permutation(len(queries))[:choices.repeats]
    orders = {}
    for reader in choices.readers:
        random = np.random.default_rng([choices.seed, _READER_ORDER, zlib.crc32(reader.encode())])
        once = random.permutation([i for i in range(len(queries)) if i not in set(repeated.tolist())])
        first = max(0, (len(queries) + choices.repeats) // 2 - choices.repeats) if choices.repeats else 0
        blocks = ([*((i, 1) for i in repeated), *((i, 1) for i in once[:first])],
                  [*((i, 1) for i in once[first:]), *((i, 2) for i in repeated)])
        orders[reader] = tuple(
            Presentation(queries[number].key, time, tuple(random.permutation(queries[number].candidates).tolist()))
            for block in blocks for number, time in (block[i] for i in random.permutation(len(block))))
    return orders


def _images(cohort, queries) -> Mapping[str, Mapping[str, str]]:
    """Identifiers of the images of everybody in the study, where the patient table has them."""
    everybody = sorted({patient for query in queries for patient in (query.patient, *query.candidates)})
    names = [name for name in _IMAGE_COLUMNS if name in cohort.patients]
    table = cohort.patients.loc[everybody, names]
    return {patient: {name: str(value) for name, value in zip(names, values) if value and value == value}
            for patient, values in zip(everybody, table.itertuples(index=False))}


def cohort_sha256(cohort: Cohort, model: str) -> str:
    """Hexadecimal SHA-256 over the patients, their images' identifiers and the model's vectors: the same cohort, or not."""
    digest, series = hashlib.sha256(), "CT_SeriesInstanceUID"
    images = cohort.patients[series] if series in cohort.patients else [""] * len(cohort.patients)
    for patient, image in zip(cohort.patient_ids, images):
        digest.update(f"{patient}\0{image}\n".encode())
    digest.update(f"{model}\n".encode())
    embedding = cohort.embeddings[model]
    for first in range(0, len(embedding), _BLOCK_ROWS):
        digest.update(np.ascontiguousarray(embedding[first:first + _BLOCK_ROWS], "<f8").tobytes())
    return digest.hexdigest()
