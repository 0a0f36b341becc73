"""A complete small study on the synthetic cohort: three simulated readers, from the design to the figures."""
import numpy as np
import pytest
from study_samples import figures_of

from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.study.answers import Answer, ReaderAnswers, write_answers
from TumorConnectomeLib.study.design import Against, DesignChoices, draw_study
from TumorConnectomeLib.study.simulation import facet_preference, model_preference, simulated_choices, strength_of_kappa
from TumorConnectomeLib.study.study import read_study, write_record
from TumorConnectomeLib.synthetic.cohort import build_cohort

#: two readers follow the model well and less well, the third looks at the type of cancer only
FOLLOWED = {"Ann": ("model", 0.7), "Bob": ("model", 0.4), "Cleo": ("cancer_type", 0.7)}


@pytest.fixture(scope="module")
def cohort():
    return build_cohort()


def answers_by(study, cohort, reader, seed):
    """What a simulated reader answers, first and second times."""
    followed, kappa = FOLLOWED[reader]
    preference = model_preference(study) if followed == "model" else facet_preference(study, cohort, followed)
    strength = np.array([float(strength_of_kappa(kappa))])
    chosen = simulated_choices(preference, strength, 0.5, np.random.default_rng(seed), repeats=2)[:, 0]
    number = {query.key: i for i, query in enumerate(study.queries)}
    answers = []
    for one in study.readers[reader]:
        query = study.queries[number[one.query]]
        picked = chosen[one.time - 1, number[one.query]]
        answers.append(Answer(one.query, one.time, tuple(patient for patient, is_chosen in zip(query.candidates, picked)
                                                         if is_chosen), 20.0 + seed))
    return ReaderAnswers(study.sha256, study.cohort_sha256, reader, tuple(answers))


def test_a_complete_study_on_the_synthetic_cohort(cohort, tmp_path):
    model = cohort.models[0]
    study, _notes = draw_study(cohort, model, DesignChoices(tuple(FOLLOWED), queries=20, against=Against.FARTHEST, repeats=5,
                                                            at_most=8, seed=3))
    write_record(tmp_path / "STUDY.json", study.to_record())
    carried = read_study(tmp_path / "STUDY.json")        # on another computer
    assert all(carried.images[query.patient]["CT_SeriesInstanceUID"] for query in carried.queries)
    files = []
    for seed, reader in enumerate(FOLLOWED):
        files.append(tmp_path / f"ANSWERS-{reader}.json")
        write_answers(files[-1], answers_by(carried, cohort, reader, seed))
    assert main(["study", "analyze", "--study", str(tmp_path / "STUDY.json"), "--answers", *map(str, files),
                 "--out", str(tmp_path / "figures.csv")]) == 0
    figures = figures_of(tmp_path / "figures.csv")
    agreement = {reader: figures["cohen_kappa_with_model", reader] for reader in FOLLOWED}
    assert agreement["Ann"]["ci_low"] <= 0.7 <= agreement["Ann"]["ci_high"]
    assert agreement["Bob"]["ci_low"] <= 0.4 <= agreement["Bob"]["ci_high"]
    assert agreement["Cleo"]["value"] < agreement["Bob"]["value"] < agreement["Ann"]["value"]
    assert agreement["Ann"]["p"] < 1e-6
    assert figures["fleiss_kappa", "all"]["p"] < 0.05
    # three readers of whom one sees something else say little about a fourth one
    assert figures["fleiss_kappa", "all"]["ci_low"] < 0 < figures["fleiss_kappa", "all"]["value"]
    assert all(figures["intra_reader_kappa", reader]["n"] == 5 for reader in FOLLOWED)
    assert figures["cohen_kappa_consensus_model", "consensus"]["value"] > agreement["Cleo"]["value"]
    assert figures["median_seconds", "all"]["value"] == 21.0
