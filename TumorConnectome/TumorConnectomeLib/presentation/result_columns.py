"""What the columns of result tables are called, and what they mean, for headers and tool tips of tables."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ResultColumn:
    """Title of a column, and what its figures are in one sentence."""

    title: str
    note: str


def _interval(of):
    return f"end of the 95 % interval of {of}, had other patients been sampled."


def _hubs(direction):
    """The columns of one direction in the table of hubs."""
    lists = f"lists of the {direction} patients"
    return {"max": ResultColumn(f"Largest hub, {direction}", f"In how many {lists} the most frequent patient is."),
            "max_PatientID": ResultColumn(f"Largest hub, {direction}: PatientID", f"Who is in most {lists}."),
            "skewness": ResultColumn(f"Skewness, {direction}", f"Of how often patients are in {lists}; above 1: hubs."),
            "top5_share": ResultColumn(f"Top-5 share, {direction}", f"Share of all places in {lists} that 5 patients take."),
            "never": ResultColumn(f"In no list, {direction}", f"Number of patients in none of the {lists}.")}


#: column of a result table -> what it is; see COLUMNS of the modules that make the tables
RESULT_COLUMNS = {
    # who, what
    "model": ResultColumn("Model", "Foundation model, or the consensus of all models."),
    "model_a": ResultColumn("Model A", "One model of the pair."),
    "model_b": ResultColumn("Model B", "The other model of the pair."),
    "facet": ResultColumn("Label", "What is known about the patients: neighbors with the same category are relevant."),
    "metric": ResultColumn("Metric", "Figure that is computed from the ranked neighbors of a query, averaged over queries."),
    "k": ResultColumn("k", "Number of nearest neighbors looked at; empty where the metric has none (R-precision)."),
    "role": ResultColumn("Role", "Tested label, or a control that has to fail (negative) or to succeed (positive)."),
    "targets": ResultColumn("Targets", "CT series that count as found for a query."),
    "task": ResultColumn("Task", "What the probe predicts."),
    "features": ResultColumn("Features", "What the probe sees: the embedding, clinical data, or both."),
    "probe": ResultColumn("Probe", "Classifier: logistic regression or nearest neighbors, cross-validated."),
    "classes": ResultColumn("Classes", "Categories that the probe tells apart."),
    "statistic": ResultColumn("Statistic", "Figure of a reader study; defined in docs/reader-study.md."),
    "reader": ResultColumn("Reader", "A reader, the consensus (majority) of all, or all readers together."),
    "note": ResultColumn("Note", "Why a figure is missing, or what limits it."),
    # how many
    "n": ResultColumn("n", "Number of patients (queries) behind the figure."),
    "patients": ResultColumn("Patients", "Number of patients behind the figure; in bins the mean over repeats."),
    "unknown": ResultColumn("Unknown", "Patients whose category is unknown: no queries and no targets."),
    "without_target": ResultColumn("Without target", "Queries left out because no other patient has their category."),
    "pairs": ResultColumn("Pairs", "Number of pairs of patients with this number of votes."),
    "votes": ResultColumn("Votes", "Number of models that list the pair among the nearest."),
    "models": ResultColumn("Models", "Number of models that vote."),
    # retrieval
    "value": ResultColumn("Value", "The metric, mean over queries."),
    "value_ci_low": ResultColumn("Value, CI low", f"Lower {_interval('the value')}"),
    "value_ci_high": ResultColumn("Value, CI high", f"Upper {_interval('the value')}"),
    "lift": ResultColumn("Lift", "Value divided by chance; 1 is chance."),
    "ci_low": ResultColumn("CI low", "Lower end of the 95 % interval: of the lift, or of the only figure of the table."),
    "ci_high": ResultColumn("CI high", "Upper end of the 95 % interval: of the lift, or of the only figure of the table."),
    "p": ResultColumn("p", "One-sided p value by permutation, not corrected for the number of tests."),
    "q": ResultColumn("q", "p value after Benjamini-Hochberg correction for all tests of the table, each control by itself."),
    "chance": ResultColumn("Chance", "What a ranking at random would reach: exact mean over all permutations of the labels."),
    "best": ResultColumn("Best possible", "Largest value that a ranking could reach with these categories."),
    "of_possible": ResultColumn(
        "Of what is possible", "(Value - chance) / (best possible - chance): 0 is chance, 1 is perfect."),
    "of_possible_ci_low": ResultColumn("Of what is possible, CI low", f"Lower {_interval('this share')}"),
    "of_possible_ci_high": ResultColumn("Of what is possible, CI high", f"Upper {_interval('this share')}"),
    "macro_lift": ResultColumn("Lift, macro", "Lift when every category counts the same, however rare it is."),
    "macro_lift_ci_low": ResultColumn("Lift, macro, CI low", f"Lower {_interval('the macro lift')}"),
    "macro_lift_ci_high": ResultColumn("Lift, macro, CI high", f"Upper {_interval('the macro lift')}"),
    "detectable_lift": ResultColumn("Detectable lift", "Lift that one test at .05 would have found with 80 % power."),
    "p_below": ResultColumn("p, below", "One-sided p value of a value as small: significantly below chance when it is small."),
    "q_below": ResultColumn("q, below", "p, below after Benjamini-Hochberg correction for all tests of the table."),
    "permutations": ResultColumn(
        "Permutations", "Permutations that p rests on: fewer where settled, more where p is at its floor."),
    "excess_share": ResultColumn("Share of the excess", "Share of all hits beyond chance that queries of this category have."),
    "same": ResultColumn("Same label", "Share of pairs with the same category."),
    # hubs
    "repair": ResultColumn("Repair", "How hubs were mended before neighbors were listed."),
    **{f"near_{name}": column for name, column in _hubs("nearest").items()},
    **{f"far_{name}": column for name, column in _hubs("farthest").items()},
    "mean_cosine": ResultColumn("Mean cosine", "Of all pairs of embeddings: near 1 when all point the same way."),
    "trend": ResultColumn("Trend", "By how much the share of the same category rises with every vote."),
    "trend_p": ResultColumn("Trend, p", "One-sided p value of the trend by permutation of the labels."),
    # inside strata
    "within": ResultColumn("Strata of", "Label or column inside whose strata patients are compared; empty: all patients."),
    "strata": ResultColumn("Strata", "Number of strata."),
    "exchangeable": ResultColumn("Exchangeable", "Patients whose label can change within their stratum."),
    "within_chance": ResultColumn("Chance in strata", "Exact mean over all permutations of the labels within strata."),
    "within_lift": ResultColumn("Lift in strata", "Value divided by chance in strata; 1 is chance."),
    "within_p": ResultColumn("p in strata", "One-sided p value by permutation within strata, not corrected."),
    "remains": ResultColumn(
        "Share that remains", "(Value - chance in strata) / (value - chance), where the lift is above 1 with p \u2264 0.05."),
    "remains_ci_low": ResultColumn("Share that remains, CI low", f"Lower {_interval('this share')}"),
    "remains_ci_high": ResultColumn("Share that remains, CI high", f"Upper {_interval('this share')}"),
    # categories, models against each other, other patients, outcomes
    "class": ResultColumn("Category", "Category of the queries, or the one whose predicted probability is judged."),
    "reference": ResultColumn("Reference", "Model that the other one is compared with."),
    "reference_value": ResultColumn("Value, reference", "P@k of the reference on the same queries."),
    "ratio": ResultColumn("Ratio", "Value divided by that of the reference, or of all pairs."),
    "p_holm": ResultColumn("p, Holm", "p value corrected for all comparisons of the label."),
    "again_n": ResultColumn("n, other cohort", "Queries in the patients of the second cohort."),
    "again_value": ResultColumn("Value, other cohort", "The metric in the second cohort."),
    "again_chance": ResultColumn("Chance, other cohort", "Its exact chance level."),
    "again_lift": ResultColumn("Lift, other cohort", "Value divided by chance in the second cohort."),
    "again_ci_low": ResultColumn("Lift, other cohort, CI low", f"Lower {_interval('the lift')}"),
    "again_ci_high": ResultColumn("Lift, other cohort, CI high", f"Upper {_interval('the lift')}"),
    "again_p": ResultColumn("p, other cohort", "One-sided p value by permutation in the second cohort."),
    "again_q": ResultColumn("q, other cohort", "Corrected for what was found in the first cohort."),
    "heterogeneity_p": ResultColumn("p, heterogeneity", "Two-sided p value that both cohorts have the same lift."),
    "joint_lift": ResultColumn("Lift, both", "Both cohorts together, weighted by precision."),
    "joint_lift_ci_low": ResultColumn("Lift, both, CI low", f"Lower {_interval('the joint lift')}"),
    "joint_lift_ci_high": ResultColumn("Lift, both, CI high", f"Upper {_interval('the joint lift')}"),
    "lift_error": ResultColumn("Lift, standard error", "Standard error of the logarithm of the lift."),
    "time": ResultColumn("Time", "Column of the time until an event, or until it was last known not to have happened."),
    "event": ResultColumn("Event", "Column that says whether the event happened."),
    "events": ResultColumn("Events", "Patients in whom it happened."),
    "c_index": ResultColumn("C index", "Harrell's C of the neighbors' hazard: 1 is perfect, chance a little below 0.5."),
    "column": ResultColumn("Column", "Numbers that are compared between neighbors."),
    "null_low": ResultColumn("Chance, low", "95 % of permuted labelings lie between this and the next column."),
    "null_high": ResultColumn("Chance, high", "95 % of permuted labelings lie between the column before and this."),
    # agreement
    "jaccard": ResultColumn("Jaccard index", "Common members of two lists of k nearest, as a share of all their members."),
    "jaccard_chance": ResultColumn("Jaccard, chance", "What two unrelated rankings would reach."),
    "rbo": ResultColumn("Rank-biased overlap", "Overlap of two rankings, the first ranks counting most."),
    "rbo_chance": ResultColumn("Rank-biased overlap, chance", "What two unrelated rankings would reach."),
    "rbo_p": ResultColumn("Rank-biased overlap, persistence", "Weight of each rank relative to the one before."),
    "spearman": ResultColumn("Spearman correlation", "Rank correlation of the distances of all pairs of patients."),
    "spearman_n": ResultColumn("Spearman, pairs", "Number of pairs of patients in the correlation."),
    "cka": ResultColumn("Linear CKA", "Linear centered kernel alignment of the embeddings; no single chance level."),
    "cka_debiased": ResultColumn("Linear CKA, debiased", "Linear CKA without the bias of few patients; chance is 0."),
    # probes
    "auroc": ResultColumn("AUROC", "Area under the receiver operating characteristic; 0.5 is chance."),
    "auroc_ci_low": ResultColumn("AUROC, CI low", f"Lower {_interval('AUROC')}"),
    "auroc_ci_high": ResultColumn("AUROC, CI high", f"Upper {_interval('AUROC')}"),
    "auprc": ResultColumn("AUPRC", "Area under the precision-recall curve."),
    "auprc_ci_low": ResultColumn("AUPRC, CI low", f"Lower {_interval('AUPRC')}"),
    "auprc_ci_high": ResultColumn("AUPRC, CI high", f"Upper {_interval('AUPRC')}"),
    "auprc_chance": ResultColumn("AUPRC, chance", "Share of patients with the class."),
    "brier": ResultColumn("Brier score", "Mean squared error of the predicted probability; 0 is perfect."),
    "brier_reference": ResultColumn("Brier score, reference", "That of always predicting the share of the class."),
    "ece": ResultColumn("Calibration error", "Expected calibration error: mean distance of predicted and observed share."),
    "gain": ResultColumn("Gain in AUROC", "AUROC with the embedding minus AUROC of clinical data alone."),
    "gain_ci_low": ResultColumn("Gain, CI low", f"Lower {_interval('the gain')}"),
    "gain_ci_high": ResultColumn("Gain, CI high", f"Upper {_interval('the gain')}"),
    "gain_p": ResultColumn("Gain, p", "Two-sided p value that the gain is 0."),
    "calibration_slope": ResultColumn("Calibration slope", "1 is perfect; below 1 predictions are too extreme."),
    "calibration_intercept": ResultColumn("Calibration intercept", "0 is perfect; above 0 predictions are too low."),
    # reliability
    "bin": ResultColumn("Bin", "Number of the bin of predicted probabilities."),
    "predicted": ResultColumn("Predicted probability", "Mean predicted probability in the bin."),
    "observed": ResultColumn("Observed share", "Share of the class in the bin."),
    "observed_ci_low": ResultColumn("Observed, CI low", "Lower end of Wilson's 95 % interval of the share."),
    "observed_ci_high": ResultColumn("Observed, CI high", "Upper end of Wilson's 95 % interval of the share."),
}
