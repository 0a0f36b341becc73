"""How often 95 % intervals hold the true value: `python Testing/benchmarks/bench_interval_coverage.py [--cohorts N]`.

Draws cohorts from made-up populations, takes the mean over all of them for the true figure, and counts how many cohorts'
intervals hold it: ours (see evaluation.intervals) and, for comparison, those of resampling queries alone with the chance
level taken as fixed. Cohorts in which nothing varies have no interval and do not count. At the end stand the least and the
most of all populations.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np

#: population -> share of each category, whether ordered, distance between the categories' means in sd, dimensions, and how
#: slowly the variance falls over them (0: not at all, which makes hubs)
POPULATIONS = {"2 equal, unrelated": ((0.5, 0.5), False, 0.0, 8, 0.5), "2 unequal, related": ((0.4, 0.6), False, 1.0, 8, 0.5),
               "9:1, weakly related": ((0.9, 0.1), False, 0.3, 8, 0.5), "95:5, related": ((0.95, 0.05), False, 1.0, 8, 0.5),
               "95:5, unrelated": ((0.95, 0.05), False, 0.0, 8, 0.5),
               "7 ordered, unrelated": ((0.53, 0.11, 0.04, 0.03, 0.1, 0.08, 0.11), True, 0.0, 8, 0.5),
               "7 ordered, weakly related": ((0.53, 0.11, 0.04, 0.03, 0.1, 0.08, 0.11), True, 0.4, 8, 0.5),
               "5 related, some hubs": ((0.5, 0.25, 0.08, 0.07, 0.1), False, 0.3, 60, 0.5),
               "2 unequal, strong hubs": ((0.6, 0.4), False, 0.15, 100, 0.0),
               "5 equal, lift 2.5": ((0.2,) * 5, False, 0.6, 8, 0.5)}
K = 5
RESAMPLES = 400


def draw(random, count, shares, ordered, apart, dimensions, falls):
    """Judgments and ranking of a new cohort; with many dimensions some patients are hubs."""
    from TumorConnectomeLib.evaluation.ranking import rankings
    from TumorConnectomeLib.evaluation.relevance import Relevance, gain_table
    from TumorConnectomeLib.neighbors.neighbors import unit_vectors
    labels = random.choice(len(shares), count, p=shares)
    centers = np.random.default_rng(7).standard_normal((len(shares), dimensions)) * apart
    spread = 1.5 * (1.0 + np.arange(dimensions)) ** -falls
    units = unit_vectors(centers[labels] + random.standard_normal((count, dimensions)) * spread)
    everybody = np.arange(count)
    ranking = rankings([(0, 1 - units @ units.T)], [everybody], K, everybody)[0]
    return Relevance(labels, gain_table(len(shares), ordered)), ranking


def one_cohort(random, count, population):
    """Per metric: value, lift, share of what is possible, limits of each; limits of value and lift of queries alone."""
    from TumorConnectomeLib.evaluation.intervals import levels, metric_intervals
    from TumorConnectomeLib.evaluation.metrics import METRICS
    from TumorConnectomeLib.evaluation.permutation import query_values
    relevance, ranking = draw(random, count, *population)
    values = {metric: query_values(relevance, ranking, metric) for metric in METRICS}
    means = {metric: float(np.nanmean(found)) for metric, found in values.items()}
    ours, known, rows = metric_intervals(relevance, ranking, means), levels(relevance, K), []
    for metric in METRICS:
        chance, best, found = known[metric].chance, known[metric].best, values[metric]
        found = found[~np.isnan(found)]
        resampled = found[random.integers(len(found), size=(RESAMPLES, len(found)))].mean(1)
        low, high = np.quantile(resampled, [0.025, 0.975])
        one = ours[metric]
        share = (means[metric] - chance) / max(1e-9, best - chance)
        rows.append([means[metric], means[metric] / chance, share, one.low, one.high, one.lift_low, one.lift_high,
                     one.share_low, one.share_high, low, high, low / chance, high / chance])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 100])
    options = parser.parse_args()
    from TumorConnectomeLib.evaluation.metrics import METRICS
    print(f"coverage of nominal 95 % intervals, {options.cohorts} cohorts (standard error "
          f"{np.sqrt(0.95 * 0.05 / options.cohorts):.3f}); in brackets: resampling queries alone")
    overall = {count: [] for count in options.patients}
    for count in options.patients:
        for name, population in POPULATIONS.items():
            random = np.random.default_rng(1)
            found = np.array([one_cohort(random, count, population) for _ in range(options.cohorts)])
            for place, metric in enumerate(METRICS):
                figures, limits = found[:, place, :3].T, found[:, place, 3:].T
                truths = [figures[number].mean() for number in (0, 1, 2, 0, 1)]
                shares = [((low <= truth) & (truth <= high))[~np.isnan(low)].mean()     # without spread there is none
                          for truth, low, high in zip(truths, limits[::2], limits[1::2])]
                overall[count].append((metric, name, shares[:3]))
                print(f"{count:>4} patients, {name:<26} {metric:<12} lift {figures[1].mean():.3f}   value {shares[0]:.3f} "
                      f"({shares[3]:.3f})   lift {shares[1]:.3f} ({shares[4]:.3f})   of what is possible {shares[2]:.3f}",
                      flush=True)
    for count, found in overall.items():
        for chosen in (METRICS[:1], METRICS[:3], METRICS[3:]):
            shares = [shares for metric, _name, shares in found if metric in chosen]
            low, mean, high = (function(shares, axis=0) for function in (np.min, np.mean, np.max))
            print(f"{count} patients, {', '.join(chosen)}: " + ", ".join(
                f"{name} {low[place]:.3f} to {high[place]:.3f}, mean {mean[place]:.3f}"
                for place, name in enumerate(("value", "lift", "of what is possible"))))


if __name__ == "__main__":
    main()
