"""How well a reader study recovers what is put in: `python Testing/benchmarks/bench_reader_study.py [--studies N]`.

Simulates studies of readers who follow a model with noise, and counts how many 95 % intervals hold the true value, and how many
tests are below 0.05 when there is nothing to find. For comparison, three other ways to an interval of Fleiss' kappa: queries
resampled alone, readers and queries resampled at once with a reader drawn twice as two readers, and the formula of Fleiss for
images that are judged independently of each other.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"))

import numpy as np

#: queries, readers, kappa with the model, kappa between readers, spread of readers' kappas
PLANS = ((25, 5, 0.0, None, 0.0), (25, 5, 0.3, 0.4, 0.0), (25, 5, 0.3, None, 0.2), (25, 3, 0.6, 0.6, 0.1),
         (10, 4, 0.3, None, 0.1), (100, 5, 0.3, None, 0.2))
SHOWN = (("agreement_with_model", "all"), ("agreement_with_model", "consensus"), ("cohen_kappa_consensus_model", "consensus"),
         ("fleiss_kappa", "all"), ("queries_with_4_or_more_hits", "all"))
_RESAMPLES = 300


def true_values(plan, common):
    """Expected figures of a study of this plan: means over very many small ones, without intervals."""
    from TumorConnectomeLib.study.kappa import fleiss_kappa
    from TumorConnectomeLib.study.readings import majority
    from TumorConnectomeLib.study.simulation import simulated_readings
    random, found = np.random.default_rng(99), []
    _queries, readers, kappa, _between, spread = plan
    for _study in range(4000):
        one = simulated_readings(20, readers, kappa, random, common=common, spread=spread)
        hits, agreed = (one.chosen & one.model).sum(-1), majority(one.votes, one.voters)
        in_consensus = (agreed & one.model).sum()
        found.append((hits.mean() / 5, in_consensus / 100, (2 * in_consensus - agreed.sum()) / 100,
                      fleiss_kappa(one.votes.ravel(), np.full(one.votes.size, readers)), (hits >= 4).mean()))
    return dict(zip(SHOWN, np.mean(found, axis=0)))


def others(readings, random):
    """Intervals of Fleiss' kappa as they are often made: {name: (low, high)}."""
    from TumorConnectomeLib.study.kappa import fleiss_kappa
    readers, queries = readings.chosen.shape[:2]

    def kappa(chosen):
        return fleiss_kappa(chosen.sum(0).ravel(), np.full(chosen.shape[1] * 10, len(chosen)))
    alone = [kappa(readings.chosen[:, random.integers(queries, size=queries)]) for _ in range(_RESAMPLES)]
    at_once = [kappa(readings.chosen[random.integers(readers, size=readers)][:, random.integers(queries, size=queries)])
               for _ in range(_RESAMPLES)]
    width = 1.96 * np.sqrt(2 / (queries * 10 * readers * (readers - 1)))
    value = kappa(readings.chosen)
    return {"queries alone": np.quantile(alone, [0.025, 0.975]), "both at once": np.quantile(at_once, [0.025, 0.975]),
            "Fleiss' formula": (value - width, value + width)}


def main():
    from TumorConnectomeLib.study.analysis import analyze
    from TumorConnectomeLib.study.simulation import common_part, simulated_readings
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=500)
    options = parser.parse_args()
    for plan in PLANS:
        queries, readers, kappa, between, spread = plan
        common, random = common_part(kappa, between), np.random.default_rng(1)
        truth, found, low_p = true_values(plan, common), {}, {}
        for number in range(options.studies):
            readings = simulated_readings(queries, readers, kappa, random, common=common, spread=spread)
            figures = {(one.statistic, one.reader): one for one in analyze(readings, number)}
            intervals = {key: (figures[key].value, figures[key].ci_low, figures[key].ci_high) for key in SHOWN}
            intervals |= {("fleiss_kappa", name): (figures["fleiss_kappa", "all"].value, *limits)
                          for name, limits in others(readings, random).items()}
            for key, interval in intervals.items():
                found.setdefault(key, []).append(interval)
            for key in SHOWN:
                low_p.setdefault(key, []).append(figures[key].p <= 0.05)
        print(f"\n{queries} queries, {readers} readers, kappa {kappa} with the model, {between} between readers, "
              f"spread {spread}: {options.studies} studies")
        print(f"{'statistic':28} {'reader':16} {'true':>7} {'mean':>7} {'covered':>8} {'width':>6} {'p<=.05':>7}")
        for key, values in found.items():
            expected, (value, low, high) = truth[key if key in truth else SHOWN[3]], np.array(values).T
            covered, significant = ((low <= expected) & (expected <= high)).mean(), low_p.get(key)
            print(f"{key[0]:28} {key[1]:16} {expected:7.3f} {value.mean():7.3f} {covered:8.1%} {(high - low).mean():6.3f} "
                  + (f"{np.mean(significant):7.1%}" if significant else ""), flush=True)


if __name__ == "__main__":
    main()
