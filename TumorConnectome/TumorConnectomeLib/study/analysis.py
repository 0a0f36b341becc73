"""All figures of a reader study: agreement with the model and between readers, each with interval, chance level and p value.

Every figure is a mean over queries. With five of ten chosen by readers and model, half of all judgments are a choice, so kappa
against the model is ``2 * agreement - 1`` per query, and a kappa over all images is the mean of the kappas of the queries: the
same number as of the textbook formulas, see `kappa`, which give the values here.
"""
from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np

from .chance import exact_test, fleiss_null, fleiss_p, subset_hits
from .intervals import crossed_interval, mean_interval, median_interval, panel_weights, reader_variance, share_interval
from .kappa import cohen_kappa, fleiss_kappa
from .readings import ALL, CANDIDATES, CHOSEN, CONSENSUS, Readings, majority

#: columns of the table, in this order
COLUMNS = ("statistic", "reader", "n", "value", "ci_low", "ci_high", "chance", "p")
_NONE = float("nan")
_SHARE, _KAPPA = (0.0, 1.0), (-1.0, 1.0)
#: end of the names of figures whose interval is about other queries for the same readers
_THESE = "_these_readers"
#: hits that are told apart as good
_GOOD = 4


@dataclass(frozen=True)
class Figure:
    """One row of the table.

    Parameters
    ----------
    statistic : str
        What it is; see docs/reader-study.md.
    reader : str
        A reader, "consensus", or "all" for a figure of several readers.
    n : int
        Queries behind it.
    value, ci_low, ci_high : float
        The figure and its 95 % interval; NaN where undefined.
    chance : float
        What readers who choose any five of ten would get on average; NaN where that says nothing.
    p : float
        One-sided permutation p value for more than chance; NaN where there is no test.
    """

    statistic: str
    reader: str
    n: int
    value: float
    ci_low: float = _NONE
    ci_high: float = _NONE
    chance: float = _NONE
    p: float = _NONE

    def row(self) -> tuple:
        """Its cells in the order of COLUMNS."""
        return (self.statistic, self.reader, self.n, *(float(value) for value in astuple(self)[3:]))


def analyze(readings: Readings, seed: int = 0) -> list[Figure]:
    """All figures of a study.

    Parameters
    ----------
    readings : Readings
        At least one reader.
    seed : int
        Of resampled panels and of the permutations of `fleiss_kappa`; everything else is exact.
    """
    figures = []
    for number, reader in enumerate(readings.readers):
        figures += _of_reader(readings.of_reader(number), reader)
    figures += _of_consensus(readings, seed)
    figures += _against_model(readings, ALL)
    figures += _between_readers(readings, seed)
    figures += _second_readings(readings)
    figures += _by_rank(readings)
    figures += _by_margin(readings)
    return figures + _times(readings, seed)


def _of_reader(one, reader):
    answered = int(one.answered.sum())
    total = len(one.queries)
    return [Figure("answered", reader, total, answered / total if total else _NONE), *_against_model(one, reader)]


def _against_model(readings, name, suffix=""):
    """Agreement with the model over all answers: of one reader, or of all together."""
    queries = np.flatnonzero(readings.voters)
    some = readings.of_queries(queries)
    hits = (some.chosen & some.model).sum(-1)                           # (R, Q)
    voters, count = some.voters, len(queries)
    scores = subset_hits(some.votes)
    expected, p = exact_test(scores, int(hits.sum())) if count else (_NONE, _NONE)
    answers = int(voters.sum())
    share = hits.sum() / (CHOSEN * answers) if answers else _NONE
    low, high = crossed_interval(hits / CHOSEN, some.answered, voters.astype(float), share, _SHARE)
    chance = expected / (CHOSEN * answers) if answers else _NONE
    figures = [Figure(f"agreement_with_model{suffix}", name, count, share, low, high, chance, p)]
    if suffix:
        return figures
    if name == ALL:
        figures.append(Figure(f"agreement_with_model{_THESE}", name, count, share,
                              *mean_interval(hits.sum(0) / (CHOSEN * voters), voters.astype(float), _SHARE), chance, p))
    figures.append(Figure("cohen_kappa_with_model", name, count, 2 * share - 1, 2 * low - 1, 2 * high - 1, 2 * chance - 1, p))
    subsets = subset_hits(some.chosen)                                  # (R, Q, 252)
    for least in (_GOOD, CHOSEN):
        good = hits >= least
        scores = (subsets >= least).sum(0)
        expected, p = exact_test(scores, int(good.sum())) if count else (_NONE, _NONE)
        part = good.sum() / answers if answers else _NONE
        if len(hits) == 1:
            low, high = share_interval(int(good.sum()), count)
        else:
            low, high = crossed_interval(good.astype(float), some.answered, voters.astype(float), part, _SHARE)
        statistic = f"queries_with_{least}_or_more_hits" if least < CHOSEN else f"queries_with_{least}_hits"
        figures.append(Figure(statistic, name, count, part, low, high,
                              expected / answers if answers else _NONE, p))
    return figures


def _of_consensus(readings, seed):
    """The majority of readers against the model."""
    queries = np.flatnonzero(readings.voters)
    some, count = readings.of_queries(queries), len(queries)
    agreed = majority(some.votes, some.voters)
    hits, sizes, one = (agreed & some.model).sum(-1), agreed.sum(-1), np.ones(count)
    expected, p = exact_test(subset_hits(agreed), int(hits.sum())) if count else (_NONE, _NONE)
    panels = panel_weights(len(readings.readers), seed)
    votes, voters = np.tensordot(panels, some.chosen.astype(float), 1), panels @ some.answered
    drawn = majority(votes, voters)
    weights = (voters > 0).astype(float)
    drawn_hits, drawn_sizes = (drawn & some.model).sum(-1), drawn.sum(-1)
    readers, figures = len(readings.readers), []

    def add(statistic, values, limits, panel_values, value=None, chance=_NONE, p=_NONE):
        low, high = mean_interval(values, one, limits, reader_variance(panel_values, weights, readers), readers)
        figures.append(Figure(statistic, CONSENSUS, count, _mean(values) if value is None else value, low, high, chance, p))

    add("agreement_with_model", hits / CHOSEN, _SHARE, drawn_hits / CHOSEN,
        chance=expected / (CHOSEN * count) if count else _NONE, p=p)
    add("cohen_kappa_consensus_model", (2 * hits - sizes) / CHOSEN, _KAPPA, (2 * drawn_hits - drawn_sizes) / CHOSEN,
        value=cohen_kappa(agreed, some.model), chance=0.0 if count else _NONE, p=p)
    figures.append(Figure(f"cohen_kappa_consensus_model{_THESE}", CONSENSUS, count, figures[-1].value,
                          *mean_interval((2 * hits - sizes) / CHOSEN, one, _KAPPA), figures[-1].chance, p))
    add("consensus_size", sizes.astype(float), (0.0, float(CANDIDATES)), drawn_sizes.astype(float))
    ties = (2 * some.votes == some.voters[:, None]).sum(-1)
    return [*figures, Figure("consensus_ties", CONSENSUS, count, _mean(ties))]


def _mean(values):
    return float(values.mean()) if len(values) else _NONE


def _between_readers(readings, seed):
    """Fleiss' kappa over all queries with two readers, and over those that everybody answered."""
    figures, everybody, nulls = [], len(readings.readers), {}
    for statistic, least in (("fleiss_kappa", 2), ("fleiss_kappa_common_queries", max(everybody, 2))):
        some = readings.of_queries(np.flatnonzero(readings.voters >= least))
        count = len(some.queries)
        value = fleiss_kappa(some.votes, np.repeat(some.voters[:, None], CANDIDATES, axis=1))
        kappas, weights = _pair_kappas(some), some.voters - 1.0
        low, high = crossed_interval(*_pseudo_values(some, kappas), weights, value, _KAPPA)
        if tuple(some.voters) not in nulls:             # mostly both rows are about the same queries
            nulls[tuple(some.voters)] = fleiss_null(some.voters, seed)
        figures.append(Figure(statistic, ALL, count, value, low, high, 0.0 if count else _NONE,
                              fleiss_p(some.votes, some.voters, nulls[tuple(some.voters)])))
        if least == 2:
            own = mean_interval(kappas, weights, _KAPPA)
            figures.append(replace(figures[-1], statistic=f"{statistic}{_THESE}", ci_low=own[0], ci_high=own[1]))
    return figures


def _pair_kappas(readings):
    """Mean kappa of pairs of different readers in each query: (Q,); Fleiss' kappa is its mean with weights voters - 1."""
    pairs = readings.voters * (readings.voters - 1)
    return 2 * ((readings.votes ** 2).sum(-1) - CHOSEN * readings.voters) / (CHOSEN * pairs) - 1


def _pseudo_values(readings, kappas):
    """Jackknife over readers of the kappa of each query, (R, Q), and where it is known: in queries with three readers.

    ``n K - (n - 1) K without the reader`` is ``K + 2 (n - 1) / (n - 2) (the reader's mean kappa with the others - K)``.
    """
    known = readings.answered & (readings.voters >= 3)
    others = np.maximum(readings.voters - 1, 1)
    shared = (readings.chosen * readings.votes).sum(-1) - CHOSEN        # (R, Q): images in common with the others
    own = 2 * shared / (CHOSEN * others) - 1
    factor = 2 * others / np.maximum(readings.voters - 2, 1)
    return np.where(known, kappas + factor * (own - kappas), 0.0), known


def _second_readings(readings):
    """Kappa of a reader's first and second choice for the same query."""
    figures, both = [], readings.answered & readings.answered_again
    if not both.any():
        return []
    shared = (readings.chosen & readings.again).sum(-1)
    for number, reader in enumerate(readings.readers):
        queries = np.flatnonzero(both[number])
        values = 2 * shared[number, queries] / CHOSEN - 1
        scores = subset_hits(readings.chosen[number, queries])
        p = exact_test(scores, int(shared[number, queries].sum()))[1] if len(queries) else _NONE
        low, high = mean_interval(values, np.ones(len(queries)), _KAPPA)
        figures.append(Figure("intra_reader_kappa", reader, len(queries),
                              cohen_kappa(readings.chosen[number, queries], readings.again[number, queries]), low, high,
                              0.0 if len(queries) else _NONE, p))
    return figures


def _by_rank(readings):
    """Share of answers that chose the candidate at each rank of the model."""
    if readings.places is None:
        return []
    some = readings.of_queries(np.flatnonzero(readings.voters))
    figures, voters = [], some.voters
    for place in range(1, CANDIDATES + 1):
        at = (some.chosen & (some.places == place)).any(-1)             # (R, Q)
        share = float(at.sum() / voters.sum()) if len(voters) else _NONE
        low, high = crossed_interval(at.astype(float), some.answered, voters.astype(float), share, _SHARE)
        figures.append(Figure(f"chosen_at_rank_{place}", ALL, len(some.queries), share, low, high, CHOSEN / CANDIDATES))
    return figures


def _by_margin(readings):
    """Agreement with the model where its own choice was clear, and where it was close: split at the median margin."""
    if readings.margins is None or len(readings.queries) < 2:
        return []
    hard = readings.margins <= np.median(readings.margins)
    return [figure for name, queries in (("_hard", hard), ("_easy", ~hard)) if queries.any()
            for figure in _against_model(readings.of_queries(np.flatnonzero(queries)), ALL, suffix=name)]


def _times(readings, seed):
    """Median seconds per answer of each reader and of all."""
    parts = [*((reader, readings.seconds[number:number + 1]) for number, reader in enumerate(readings.readers)),
             (ALL, readings.seconds)]
    return [Figure("median_seconds", reader, int((~np.isnan(seconds)).any(0).sum()), float(np.nanmedian(seconds)),
                   *median_interval(seconds, seed)) for reader, seconds in parts if not np.isnan(seconds).all()]


def notes_of(readings: Readings) -> list[str]:
    """What a reader of the table should know about missing answers, one sentence each."""
    total = len(readings.queries)
    notes = [f"{reader} answered {int(answered.sum())} of {total} queries; the others are left out for this reader."
             for reader, answered in zip(readings.readers, readings.answered) if not answered.all()]
    if len(readings.readers) == 1:
        notes.append("One reader: there is no kappa between readers, the consensus is this reader, and intervals are about "
                     "other queries only.")
    if len(readings.readers) == 2:
        notes.append("Two readers: the interval of their kappa is about other queries only.")
    return notes
