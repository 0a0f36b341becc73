"""A complete small study on the synthetic cohort: three simulated readers, from the design to the figures."""
from dataclasses import replace

import pytest
from study_samples import figures_of

from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.study.answers import write_answers
from TumorConnectomeLib.study.design import Against, DesignChoices, draw_study
from TumorConnectomeLib.study.simulation import facet_preference, model_preference, simulated_answers
from TumorConnectomeLib.study.study import read_study, write_record

#: two readers follow the model well and less well, the third looks at the type of cancer only
FOLLOWED = {"Ann": ("model", 0.8), "Bob": ("model", 0.5), "Cleo": ("cancer_type", 0.7)}


@pytest.fixture(scope="module")
def cohort(demo_file):
    return read_prepared(demo_file).cohort


def answers_by(study, cohort, reader, seed):
    """What a simulated reader answers, 20 seconds and more for each query."""
    followed, kappa = FOLLOWED[reader]
    preference = model_preference(study) if followed == "model" else facet_preference(study, cohort, followed)
    (found,) = simulated_answers(study, preference, {reader: kappa}, 0.5, seed)
    return replace(found, answers=tuple(replace(one, seconds=20.0 + seed) for one in found.answers))


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
    assert agreement["Ann"]["value"] == pytest.approx(0.8, abs=0.15)
    assert agreement["Bob"]["value"] == pytest.approx(0.5, abs=0.2)
    assert agreement["Cleo"]["value"] < agreement["Bob"]["value"] < agreement["Ann"]["value"]
    assert agreement["Ann"]["p"] < 1e-6
    assert figures["fleiss_kappa", "all"]["p"] < 0.05
    # three readers of whom one sees something else say little about a fourth one
    assert figures["fleiss_kappa", "all"]["ci_low"] < 0 < figures["fleiss_kappa", "all"]["value"]
    assert all(figures["intra_reader_kappa", reader]["n"] == 5 for reader in FOLLOWED)
    assert figures["cohen_kappa_consensus_model", "consensus"]["value"] > agreement["Cleo"]["value"]
    assert figures["median_seconds", "all"]["value"] == 21.0
