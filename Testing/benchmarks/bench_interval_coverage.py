"""How often 95 % intervals hold the true value: `python Testing/benchmarks/bench_interval_coverage.py [--cohorts N]`.

Draws cohorts from made-up populations, takes the mean over all of them for the true metric and lift, and counts how many
cohorts' intervals hold it: ours (see evaluation.intervals) and, for comparison, those of resampling queries alone with
the chance level taken as fixed.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np

#: population -> share of each category, whether ordered, distance between the categories' means in sd, dimensions
POPULATIONS = {"2 equal, unrelated": ((0.5, 0.5), False, 0.0, 8), "2 unequal, related": ((0.4, 0.6), False, 1.0, 8),
               "9:1, weakly related": ((0.9, 0.1), False, 0.3, 8),
               "7 ordered, unrelated": ((0.53, 0.11, 0.04, 0.03, 0.1, 0.08, 0.11), True, 0.0, 8),
               "7 ordered, weakly related": ((0.53, 0.11, 0.04, 0.03, 0.1, 0.08, 0.11), True, 0.4, 8),
               "5 related, hubs": ((0.5, 0.25, 0.08, 0.07, 0.1), False, 0.3, 60)}
K = 5
RESAMPLES = 400


def draw(random, count, shares, ordered, apart, dimensions):
    """Judgments and ranking of a new cohort; with many dimensions of falling variance some patients are hubs."""
    from TumorConnectomeLib.evaluation.ranking import rankings
    from TumorConnectomeLib.evaluation.relevance import Relevance, gain_table
    from TumorConnectomeLib.neighbors.neighbors import distance_blocks, unit_vectors
    labels = random.choice(len(shares), count, p=shares)
    centers = np.random.default_rng(7).standard_normal((len(shares), dimensions)) * apart
    vectors = centers[labels] + random.standard_normal((count, dimensions)) * 1.5 / np.sqrt(1 + np.arange(dimensions))
    everybody = np.arange(count)
    ranking = rankings(distance_blocks(unit_vectors(vectors)), [everybody], K, everybody)[0]
    return Relevance(labels, gain_table(len(shares), ordered)), ranking


def one_cohort(random, number, count, population):
    """Per metric: value, lift, and limits of value and lift by both methods."""
    from TumorConnectomeLib.evaluation.intervals import bootstrap_intervals, chance_pulls
    from TumorConnectomeLib.evaluation.metrics import METRICS
    from TumorConnectomeLib.evaluation.permutation import query_values
    relevance, ranking = draw(random, count, *population)
    values = {metric: query_values(relevance, ranking, metric) for metric in METRICS}
    means = {metric: float(np.nanmean(found)) for metric, found in values.items()}
    ours, chances, rows = bootstrap_intervals(relevance, ranking, means, [number], RESAMPLES), chance_pulls(relevance, K), []
    for metric in METRICS:
        known, chance = values[metric][~np.isnan(values[metric])], chances[metric][0]
        resampled = known[random.integers(len(known), size=(RESAMPLES, len(known)))].mean(1)
        low, high = np.quantile(resampled, [0.025, 0.975])
        interval = ours[metric]
        rows.append([means[metric], means[metric] / chance, interval.low, interval.high, interval.lift_low, interval.lift_high,
                     low, high, low / chance, high / chance])
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cohorts", type=int, default=400)
    parser.add_argument("--patients", type=int, nargs="*", default=[289, 100])
    options = parser.parse_args()
    from TumorConnectomeLib.evaluation.metrics import METRICS
    print(f"coverage of nominal 95 % intervals, {options.cohorts} cohorts (standard error "
          f"{np.sqrt(0.95 * 0.05 / options.cohorts):.3f}); in brackets: resampling queries alone")
    overall = []
    for count in options.patients:
        for name, population in POPULATIONS.items():
            random = np.random.default_rng(1)
            found = np.array([one_cohort(random, number, count, population) for number in range(options.cohorts)])
            for place, metric in enumerate(METRICS):
                value, lift, *limits = found[:, place].T
                shares = [((low <= truth.mean()) & (truth.mean() <= high)).mean()
                          for truth, low, high in zip((value, lift, value, lift), limits[::2], limits[1::2])]
                overall.append(shares)
                print(f"{count:>4} patients, {name:<26} {metric:<12} lift {lift.mean():.3f}   value {shares[0]:.3f} "
                      f"({shares[2]:.3f})   lift {shares[1]:.3f} ({shares[3]:.3f})", flush=True)
    value, lift, value_alone, lift_alone = np.mean(overall, axis=0)
    print(f"mean: value {value:.3f} ({value_alone:.3f}), lift {lift:.3f} ({lift_alone:.3f})")


if __name__ == "__main__":
    main()
