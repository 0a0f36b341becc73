"""How often 95 % intervals hold the true value: `python Testing/benchmarks/bench_interval_coverage.py [--cohorts N]`.

Draws cohorts from made-up populations, takes the mean over all of them for the true figure, and counts how many cohorts'
intervals hold it: ours (see evaluation.intervals) and, for comparison, those of resampling queries alone with the chance
level taken as fixed. Cohorts without an interval do not count: nothing varies, or there are too few patients to tell. What the
interval is made of was chosen with CHOSEN_BY in view; HELD_OUT were looked at afterward and changed nothing but with how few
patients there is none. At the end stand the least and the most of each kind.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np

#: population -> share of each category, whether ordered, distance between the categories' means in sd, dimensions, how slowly
#: the variance falls over them (0: not at all, which makes hubs), and what else there is
CHOSEN_BY = {"2 equal, unrelated": ((0.5, 0.5), False, 0.0, 8, 0.5), "2 unequal, related": ((0.4, 0.6), False, 1.0, 8, 0.5),
             "9:1, weakly related": ((0.9, 0.1), False, 0.3, 8, 0.5), "95:5, related": ((0.95, 0.05), False, 1.0, 8, 0.5),
             "95:5, unrelated": ((0.95, 0.05), False, 0.0, 8, 0.5),
             "7 ordered, unrelated": ((0.53, 0.11, 0.04, 0.03, 0.1, 0.08, 0.11), True, 0.0, 8, 0.5),
             "7 ordered, weakly related": ((0.53, 0.11, 0.04, 0.03, 0.1, 0.08, 0.11), True, 0.4, 8, 0.5),
             "5 related, some hubs": ((0.5, 0.25, 0.08, 0.07, 0.1), False, 0.3, 60, 0.5),
             "2 unequal, strong hubs": ((0.6, 0.4), False, 0.15, 100, 0.0),
             "5 equal, lift 2.5": ((0.2,) * 5, False, 0.6, 8, 0.5)}
_TAILS, _CLUSTERS = "heavy tails", "clusters of patients"
HELD_OUT = {"3 unequal, related": ((0.5, 0.3, 0.2), False, 0.6, 8, 0.5), "8:2, related": ((0.8, 0.2), False, 0.7, 8, 0.5),
            "85:15, related": ((0.85, 0.15), False, 0.8, 10, 0.5), "92:8, related": ((0.92, 0.08), False, 0.9, 8, 0.5),
            "97:3, unrelated": ((0.97, 0.03), False, 0.0, 8, 0.5), "97:3, related": ((0.97, 0.03), False, 1.5, 8, 0.5),
            "4, one large, related": ((0.7, 0.1, 0.1, 0.1), False, 0.5, 8, 0.5),
            "6 equal, unrelated": ((1 / 6,) * 6, False, 0.0, 8, 0.5),
            "3 ordered, unrelated": ((0.4, 0.35, 0.25), True, 0.0, 8, 0.5),
            "5 ordered, some hubs": ((0.3, 0.25, 0.2, 0.15, 0.1), True, 0.3, 30, 0.2),
            "2 equal, some hubs": ((0.5, 0.5), False, 0.3, 60, 0.2), "2 equal, strong hubs": ((0.5, 0.5), False, 0.2, 150, 0.0),
            "10 equal, related": ((0.1,) * 10, False, 0.6, 8, 0.5),
            "7 falling, related": ((0.42, 0.25, 0.15, 0.08, 0.05, 0.03, 0.02), False, 0.5, 8, 0.5),
            "3 unequal, heavy tails": ((0.5, 0.35, 0.15), False, 0.4, 12, 0.5, _TAILS),
            "4 equal, heavy tails": ((0.25,) * 4, False, 0.3, 16, 0.3, _TAILS),
            "2 unequal, in clusters": ((0.65, 0.35), False, 0.3, 8, 0.5, _CLUSTERS)}
K = 5
RESAMPLES = 200


def draw(random, count, shares, ordered, apart, dimensions, falls, more=""):
    """Judgments and ranking of a new cohort; with many dimensions some patients are hubs."""
    from TumorConnectomeLib.evaluation.ranking import rankings
    from TumorConnectomeLib.evaluation.relevance import Relevance, gain_table
    from TumorConnectomeLib.neighbors.neighbors import unit_vectors
    labels = random.choice(len(shares), count, p=shares)
    centers = np.random.default_rng(7).standard_normal((len(shares), dimensions)) * apart
    spread = 1.5 * (1.0 + np.arange(dimensions)) ** -falls
    noise = random.standard_normal((count, dimensions))
    if more == _TAILS:                                  # Student's t with 3 degrees of freedom
        noise /= np.sqrt(random.chisquare(3, count) / 3)[:, None]
    elif more == _CLUSTERS:                             # that have nothing to do with the labels
        clusters = np.random.default_rng(8).standard_normal((12, dimensions)) * 1.2
        noise = noise * 0.6 + clusters[random.integers(12, size=count)]
    units = unit_vectors(centers[labels] + noise * spread)
    everybody = np.arange(count)
    ranking = rankings([(0, 1 - units @ units.T)], [everybody], K, everybody)[0]
    return Relevance(labels, gain_table(len(shares), ordered)), ranking


def one_cohort(random, count, population):
    """Per metric and at last of macro P@k: value, lift, share of what is possible, limits of each; limits of queries alone."""
    from TumorConnectomeLib.evaluation.classes import class_values, macro_figures
    from TumorConnectomeLib.evaluation.intervals import levels, metric_intervals
    from TumorConnectomeLib.evaluation.metrics import METRICS
    from TumorConnectomeLib.evaluation.permutation import query_values
    relevance, ranking = draw(random, count, *population)
    values = {metric: query_values(relevance, ranking, metric) for metric in METRICS}
    means = {metric: float(np.nanmean(found)) for metric, found in values.items()}
    ours, known, rows = metric_intervals(relevance, ranking, means), levels(relevance, K), []
    for metric in METRICS:
        found = values[metric][~np.isnan(values[metric])]
        resampled = found[random.integers(len(found), size=(RESAMPLES, len(found)))].mean(1)
        rows.append(_figures(means[metric], known[metric].chance, known[metric].best, ours[metric],
                             np.quantile(resampled, [0.025, 0.975])))
    value, chance, one = macro_figures(relevance, ranking, class_values(relevance, ranking))
    return [*rows, _figures(value, chance, np.nan, one, (np.nan, np.nan))]


def _figures(value, chance, best, one, alone):
    share = (value - chance) / (best - chance) if best - chance > 1e-9 else np.nan
    return [value, value / chance, share, one.low, one.high, one.lift_low, one.lift_high, one.share_low, one.share_high, *alone,
            alone[0] / chance, alone[1] / chance]


def main():
    from TumorConnectomeLib.evaluation.metrics import METRICS
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 100])
    options = parser.parse_args()
    names = (*METRICS, "macro P@k")
    print(f"coverage of nominal 95 % intervals, {options.cohorts} cohorts (standard error "
          f"{np.sqrt(0.95 * 0.05 / options.cohorts):.3f}); in brackets: resampling queries alone")
    for count in options.patients:
        for kind, populations in (("chosen by", CHOSEN_BY), ("held out", HELD_OUT)):
            overall = []
            for name, population in populations.items():
                random = np.random.default_rng(1)
                found = np.array([one_cohort(random, count, population) for _ in range(options.cohorts)])
                for place, metric in enumerate(names):
                    overall.append((metric, *_printed(count, name, metric, found[:, place])))
            print(f"-- {count} patients, {kind}")
            for chosen in (names[:1], names[:3], names[3:4], names[4:]):
                shares = np.array([shares for metric, shares in overall if metric in chosen])
                print(f"-- {', '.join(chosen)}: " + ", ".join(
                    f"{label} {np.nanmin(column):.3f} to {np.nanmax(column):.3f}, mean {np.nanmean(column):.3f}"
                    for label, column in zip(("value", "lift", "of what is possible"), shares.T)
                    if not np.isnan(column).all()), flush=True)


def _printed(count, name, metric, found):
    """Print one line; the shares of intervals that hold value, lift and share of what is possible, NaN where few are given."""
    figures, limits = found[:, :3].T, found[:, 3:].T
    truths, shares = [np.nanmean(figures[number]) for number in (0, 1, 2, 0, 1)], []
    for truth, low, high in zip(truths, limits[::2], limits[1::2]):
        given = ~np.isnan(low)
        shares.append(((low <= truth) & (truth <= high))[given].mean() if given.mean() > 0.5 else np.nan)
    print(f"{count:>4} patients, {name:<26} {metric:<12} lift {figures[1].mean():.3f}   value {shares[0]:.3f} "
          f"({shares[3]:.3f})   lift {shares[1]:.3f} ({shares[4]:.3f})   of what is possible {shares[2]:.3f}   "
          f"given {1 - np.isnan(limits[2]).mean():.2f}", flush=True)
    return (shares[:3],)


if __name__ == "__main__":
    main()
