"""``study design`` and ``study analyze --study``: who sees what, what the file hides, what damaged files are told."""
import json
import re

import numpy as np
import pytest
from cohort_factory import cohort
from study_samples import figures_of

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.neighbors.neighbors import neighbor_lists
from TumorConnectomeLib.study.answers import Answer, ReaderAnswers, read_answers, readings_of, write_answers
from TumorConnectomeLib.study.design import Against, DesignChoices, cohort_sha256, draw_study
from TumorConnectomeLib.study.readings import answers_name
from TumorConnectomeLib.study.study import Study, read_study, write_record

READERS = ("Ann", "Bob", "Cleo")


def drawn(made=None, model="A", **choices):
    made = made or cohort(40)
    return draw_study(made, model, DesignChoices(**{"readers": READERS, "queries": 6, "seed": 1, **choices}))[0]


def ranks_of(made, patient, model="A"):
    """Rank of every other patient, 1 for the nearest."""
    ids = made.patient_ids
    nearest = neighbor_lists(made.embeddings[model], len(ids) - 1)[Match.MOST].indices[ids.index(patient)]
    return {ids[row]: rank for rank, row in enumerate(nearest, start=1)}


@pytest.mark.parametrize(("against", "others"), [
    (Against.FARTHEST, {35, 36, 37, 38, 39}), (Against.RANKS_11_TO_15, {11, 12, 13, 14, 15}), (Against.RANDOM, None)])
def test_candidates_are_the_five_nearest_and_five_others(against, others):
    made = cohort(40)
    study = drawn(made, against=against)
    assert len({query.patient for query in study.queries}) == 6
    for query, key in zip(study.queries, study.keys):
        ranks = ranks_of(made, query.patient)
        assert key.ranks == tuple(ranks[patient] for patient in query.candidates)
        near = sorted(ranks[patient] for patient, place in zip(query.candidates, key.places) if place <= 5)
        assert near == [1, 2, 3, 4, 5]
        rest = {ranks[patient] for patient, place in zip(query.candidates, key.places) if place > 5}
        assert len(rest) == 5 and min(rest) > 5 and (others is None or rest == others)
        assert list(query.candidates) == sorted(query.candidates)
        assert key.margin >= 0


def test_harder_designs_have_smaller_margins():
    margins = {against: np.mean([key.margin for key in drawn(against=against).keys]) for against in Against}
    assert margins[Against.FARTHEST] > margins[Against.RANDOM]
    assert margins[Against.FARTHEST] > margins[Against.RANKS_11_TO_15]


def test_the_same_seed_draws_the_same_study_and_another_another():
    assert drawn().to_record() == drawn().to_record()
    assert drawn().to_record() != drawn(seed=2).to_record()
    # another reader does not change the orders of those who are there
    more = drawn(readers=(*READERS, "Dan"))
    assert more.queries == drawn().queries and all(more.readers[reader] == drawn().readers[reader] for reader in READERS)


def test_every_reader_has_an_order_of_its_own():
    study = drawn(queries=20)
    orders = [[one.query for one in order] for order in study.readers.values()]
    assert all(sorted(order) == sorted(query.key for query in study.queries) for order in orders)
    assert len(set(map(tuple, orders))) == 3
    places = {query.key: dict(zip(query.candidates, key.places)) for query, key in zip(study.queries, study.keys)}
    first = [places[one.query][one.candidates[0]] <= 5 for order in study.readers.values() for one in order]
    assert 15 < sum(first) < 45                         # of 60: the first tile says nothing about the model


def test_repeats_are_shown_twice_far_apart_and_in_another_order():
    study = drawn(queries=20, repeats=6)
    twice = set()
    for order in study.readers.values():
        shown = [(one.query, one.time) for one in order]
        again = {query for query, time in shown if time == 2}
        twice.add(frozenset(again))
        assert len(again) == 6 and len(shown) == 26
        assert all(shown.index((query, 1)) < 13 <= shown.index((query, 2)) for query in again)
        tiles = {(one.query, one.time): one.candidates for one in order}
        assert sum(tiles[query, 1] != tiles[query, 2] for query in again) >= 5
    assert len(twice) == 1                              # the same queries for every reader


def test_a_hub_is_a_candidate_only_so_often():
    made = cohort(60, length=2)
    free, limited = drawn(made, queries=30), drawn(made, queries=30, at_most=7)
    def most(study):
        names = [patient for query in study.queries for patient in query.candidates]
        return max(names.count(name) for name in set(names))
    assert most(free) > 7 >= most(limited)
    for key in limited.keys:
        near = [rank for rank, place in zip(key.ranks, key.places) if place <= 5]
        assert max(near) < min(set(key.ranks) - set(near))


def test_queries_are_chosen_or_stratified():
    sexes = ["F"] * 10 + ["M"] * 30
    made = cohort(40, sex=sexes)
    assert {query.patient for query in drawn(made, chosen=("P003", "P001")).queries} == {"P001", "P003"}
    for seed in range(5):
        study = drawn(made, queries=8, stratify="sex", seed=seed)
        assert sum(query.patient < "P010" for query in study.queries) == 2
    assert len(drawn(made, queries=None).queries) == 40


def test_the_file_shows_nothing_of_the_model(tmp_path):
    study = drawn()
    write_record(tmp_path / "S.json", study.to_record())
    text = (tmp_path / "S.json").read_text()
    assert not re.search("distance|percentile|rank|near|similar|model_choice|score", text.replace("farthest", "", 1))
    record = json.loads(text)
    record.pop("sealed")
    assert "margin" not in json.dumps(record) and "places" not in json.dumps(record)
    assert read_study(tmp_path / "S.json").to_record() == study.to_record()


def test_the_hash_is_of_patients_images_and_vectors():
    made = cohort(12)
    assert cohort_sha256(made, "A") == cohort_sha256(cohort(12), "A") != cohort_sha256(made, "b")
    assert cohort_sha256(made, "A") != cohort_sha256(cohort(13), "A")
    images = [f"1.2.{i}" for i in range(12)]
    with_images = cohort(12, CT_SeriesInstanceUID=images)
    assert cohort_sha256(made, "A") != cohort_sha256(with_images, "A")
    study = drawn(with_images, queries=2)
    assert study.images["P000"] == {"CT_SeriesInstanceUID": "1.2.0"}


@pytest.mark.parametrize(("choices", "text"), [
    ({"queries": 41}, "41 queries; expected 1 to 40"), ({"queries": 0}, "0 queries"),
    ({"repeats": 7}, "7 repeats; expected 0 to 6"),
    ({"at_most": 0}, "at most 0 times"), ({"queries": 30, "at_most": 1}, "only 4 queries have enough candidates"),
    ({"chosen": ("P001", "P999")}, "no patient 'P999'"), ({"chosen": ("P001", "P001")}, "patient P001 is chosen twice"),
    ({"stratify": "mood"}, "no facet 'mood'; expected one of none"), ({"readers": ("a", "a")}, "two readers are called 'a'"),
    ({"readers": ("all",)}, "a reader is called 'all'"), ({"readers": ("../a",)}, "can not be a file name"),
    ({"readers": ("Ann;Bob",)}, "can not be a file name"), ({"readers": ("...",)}, "can not be a file name"),
    ({"readers": ("Ann", "ann")}, "the files of readers 'Ann' and 'ann' would have one name"),
    ({"readers": ("Zo\u00eb", "Zoe\u0308")}, "would have one name"),
    ({"readers": ()}, "no readers")])
def test_a_design_that_can_not_be_is_told(choices, text):
    with pytest.raises(InputError, match=re.escape(text)):
        drawn(**choices)


@pytest.mark.parametrize("reader", ["\u00c5sa \u00d6berg", "\u65e5\u672c", "O'Neil (2)", "A. M\u00fcller M.D."])
def test_readers_have_the_names_that_people_have(tmp_path, reader):
    study = drawn(readers=(reader, "Bob"))
    write_record(tmp_path / "STUDY.json", study.to_record())
    name = answers_name(reader)
    write_answers(tmp_path / name, answers_of(study, reader))
    assert reader in name and readings_of(read_study(tmp_path / "STUDY.json"), [tmp_path / name]).readers == (reader,)


@pytest.mark.parametrize(("count", "against", "possible"), [
    (10, Against.FARTHEST, False), (11, Against.FARTHEST, True), (15, Against.RANKS_11_TO_15, False),
    (16, Against.RANKS_11_TO_15, True), (11, Against.RANDOM, True)])
def test_the_smallest_cohort_of_each_design(count, against, possible):
    if possible:
        assert len(drawn(cohort(count), against=against).queries) == 6
    else:
        with pytest.raises(InputError, match=f"{count} patients; expected at least {count + 1}"):
            drawn(cohort(count), against=against)


def answers_of(study, reader, pick=lambda one, places: sorted(one.candidates, key=places.get)[:5], seconds=4.0):
    """Answers of a reader who picks five of the candidates; `places` are the model's."""
    places = {query.key: dict(zip(query.candidates, key.places)) for query, key in zip(study.queries, study.keys)}
    return ReaderAnswers(study.sha256, study.cohort_sha256, reader, tuple(
        Answer(one.query, one.time, tuple(pick(one, places[one.query])), seconds) for one in study.readers[reader]))


@pytest.fixture
def read(tmp_path):
    """A study on disk with the answers of two readers: one as the model, one who takes the first five tiles."""
    study = drawn(queries=6, repeats=2)
    write_record(tmp_path / "STUDY.json", study.to_record())
    write_answers(tmp_path / "ANSWERS-Ann.json", answers_of(study, "Ann"))
    write_answers(tmp_path / "ANSWERS-Bob.json", answers_of(study, "Bob", lambda one, places: one.candidates[:5], 7.0))
    return study, tmp_path


def test_answers_of_readers_become_figures(read):
    study, folder = read
    assert main(["study", "analyze", "--study", str(folder / "STUDY.json"), "--answers", str(folder / "ANSWERS-Ann.json"),
                 str(folder / "ANSWERS-Bob.json"), "--out", str(folder / "o.csv")]) == 0
    figures = figures_of(folder / "o.csv")
    assert figures["agreement_with_model", "Ann"]["value"] == 1.0
    assert figures["intra_reader_kappa", "Ann"] == {"n": 2, "value": 1.0, "ci_low": pytest.approx(-0.683772), "ci_high": 1.0,
                                                    "chance": 0.0, "p": pytest.approx(252.0 ** -2)}
    assert figures["median_seconds", "Bob"]["value"] == 7.0 and figures["median_seconds", "all"]["value"] == 5.5
    assert figures["chosen_at_rank_1", "all"]["value"] >= 0.5 >= figures["chosen_at_rank_10", "all"]["value"]
    shares = [figures[f"chosen_at_rank_{place}", "all"]["value"] for place in range(1, 11)]
    assert sum(shares) == pytest.approx(5.0)
    hard, easy = (figures[f"agreement_with_model_{kind}", "all"] for kind in ("hard", "easy"))
    assert hard["n"] + easy["n"] == 6
    assert (hard["value"] + easy["value"]) / 2 == pytest.approx(figures["agreement_with_model", "all"]["value"])
    assert ("answered", "Cleo") not in figures


def test_skipped_queries_and_second_readings_are_no_first_answers(read):
    study, folder = read
    answers = answers_of(study, "Ann")
    key = study.readers["Ann"][0].query
    skipped = [Answer(one.query, one.time, (), one.seconds) if (one.query, one.time) == (key, 1) else one
               for one in answers.answers]
    write_answers(folder / "ANSWERS-Ann.json", ReaderAnswers(study.sha256, study.cohort_sha256, "Ann", tuple(skipped[:-1])))
    readings = readings_of(study, [folder / "ANSWERS-Ann.json"])
    number = [query.key for query in study.queries].index(key)
    assert not readings.answered[0, number] and not readings.chosen[0, number].any()
    assert np.isnan(readings.seconds[0, number])


@pytest.mark.parametrize(("change", "text"), [
    (lambda record: record.update(cohort_sha256="0" * 64), "about another cohort (sha256 000000000000...); expected Test ("),
    (lambda record: record.update(study_sha256="0" * 64), "answers are to another study"),
    (lambda record: record.update(reader="Eve"), "the reader 'Eve' is not in the study; expected one of Ann, Bob, Cleo"),
    (lambda record: record["answers"].append(record["answers"][0]), "answer 9: query"),
    (lambda record: record["answers"][2].update(query="Q9"), "answer 3: query 'Q9' is not shown to this reader at all"),
    (lambda record: record["answers"][0].update(time=3), "for time 3"),
    (lambda record: record["answers"][2]["chosen"].pop(), "4 candidates of query"),
    (lambda record: record["answers"][2]["chosen"].__setitem__(0, record["answers"][2]["chosen"][1]), "4 candidates of query"),
    (lambda record: record["answers"][2]["chosen"].__setitem__(0, "P999"), "'P999' is no candidate of query"),
    (lambda record: record["answers"][2].update(seconds=-1), "took -1.0 seconds; expected 0 or more"),
    (lambda record: record["answers"][2].update(seconds="long"), "the answers are damaged"),
    (lambda record: record.update(answers=None), "the answers are damaged"),
    (lambda record: record.update(version=2), "version 2 of the format; expected version 1"),
    (lambda record: record.update(format="x"), "not a file of this kind"),
])
def test_bad_answers_are_told_in_one_line(read, capsys, change, text):
    _study, folder = read
    path = folder / "ANSWERS-Bob.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    assert main(["study", "analyze", "--study", str(folder / "STUDY.json"), "--answers", str(folder / "ANSWERS-Ann.json"),
                 str(path), "--out", str(folder / "o.csv")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"TumorConnectome: {path}") and error.count("\n") == 1
    assert text in error
    assert not (folder / "o.csv").exists()


def test_two_files_of_one_reader_are_told(read, capsys):
    _study, folder = read
    (folder / "copy.json").write_bytes((folder / "ANSWERS-Ann.json").read_bytes())
    assert main(["study", "analyze", "--study", str(folder / "STUDY.json"), "--answers", str(folder / "ANSWERS-Ann.json"),
                 "--answers", str(folder / "copy.json"), "--out", str(folder / "o.csv")]) == 2
    error = capsys.readouterr().err
    assert "copy.json: answers of Ann are in" in error and error.count("\n") == 1


@pytest.mark.parametrize("damage", [
    lambda text: text[:200], lambda text: text.replace('"model": "A"', '"model": "B"'), lambda text: "[" * 100_000,
    lambda text: "[]", lambda text: text.replace("P00", "P99", 1), lambda text: re.sub('"sealed": "..', '"sealed": "!!', text)])
def test_a_damaged_or_changed_study_is_told(read, capsys, damage):
    _study, folder = read
    path = folder / "STUDY.json"
    path.write_text(damage(path.read_text()))
    assert main(["study", "analyze", "--study", str(path), "--answers", str(folder / "ANSWERS-Ann.json"),
                 "--out", str(folder / "o.csv")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"TumorConnectome: {path}") and error.count("\n") == 1


@pytest.mark.parametrize("change", [
    lambda record: record.pop("sealed"), lambda record: record.update(sealed="AAAA"), lambda record: record.update(queries=[]),
    lambda record: record["queries"][0].update(candidates=["P001"] * 10), lambda record: record["readers"]["Ann"].pop(),
    lambda record: record["readers"]["Ann"][0].update(candidates=["P001"]), lambda record: record.update(readers={}),
    lambda record: record.update(cohort=3)])
def test_a_study_whose_parts_do_not_fit_is_told(tmp_path, change):
    from TumorConnectomeLib.study import study as module
    record = drawn().to_record()
    change(record)
    record.pop("sha256")
    record["sha256"] = module._digest(record)
    write_record(tmp_path / "S.json", record)
    with pytest.raises(InputError, match="S.json"):
        read_study(tmp_path / "S.json")


def test_the_command_draws_a_study(tmp_path, capsys):
    lines = ["PatientID," + ",".join(f"f{i}" for i in range(4))]
    random = np.random.default_rng(0)
    lines += [f"X{i:02d}," + ",".join(f"{value:.6f}" for value in random.standard_normal(4)) for i in range(30)]
    (tmp_path / "own.csv").write_text("\n".join(lines) + "\n")
    options = ["study", "design", "--data", str(tmp_path / "own.csv"), "--model", "own", "--out", str(tmp_path / "S.json")]
    assert main([*options, "--queries", "5", "--seed", "4", "--readers", "2"]) == 0
    study = read_study(tmp_path / "S.json")
    assert (tuple(study.readers), len(study.queries), study.choices["seed"]) == (("reader-1", "reader-2"), 5, 4)
    for extra, text in ((["--queries", "many"], "--queries many; expected a whole number"), (["--queries", "31"], "31 queries"),
                        (["--readers", "0"], "--readers 0; expected 1 to 100"), (["--seed", "-3"], "--seed -3"),
                        (["--against", "nobody"], "--against"), (["--chosen", "X01", "--stratify", "sex"], "--chosen and"),
                        (["--model", "other"], "no model 'other'"), (["--model", "all"], "")):
        capsys.readouterr()
        status = main([*options, *extra])
        error = capsys.readouterr().err
        assert (status == 0 and not text) or (status == 2 and text in error and error.count("\n") == 1), (extra, error)


def test_answers_and_study_keep_what_they_hold(tmp_path):
    study = drawn(repeats=2)
    assert Study.from_record(json.loads(json.dumps(study.to_record()))).to_record() == study.to_record()
    answers = answers_of(study, "Cleo", seconds=float("nan"))
    write_answers(tmp_path / "a.json", answers)
    assert read_answers(tmp_path / "a.json", study).to_record() == answers.to_record()


def test_a_study_can_be_rehearsed(tmp_path, capsys):
    study = drawn(queries=40, repeats=4)
    write_record(tmp_path / "S.json", study.to_record())
    rehearse = ["study", "simulate", "--study", str(tmp_path / "S.json"), "--kappa", "0.6",
                "--out-folder", str(tmp_path / "new")]
    assert main(rehearse) == 0
    files = sorted((tmp_path / "new").iterdir())
    assert [path.name for path in files] == [f"ANSWERS-{reader}.json" for reader in READERS]
    assert main(["study", "analyze", "--study", str(tmp_path / "S.json"), "--answers", *map(str, files),
                 "--out", str(tmp_path / "o.csv")]) == 0
    figures = figures_of(tmp_path / "o.csv")
    assert figures["cohen_kappa_with_model", "all"]["value"] == pytest.approx(0.6, abs=0.12)
    assert figures["intra_reader_kappa", "Ann"]["n"] == 4 and ("median_seconds", "all") not in figures
    capsys.readouterr()
    assert main(rehearse) == 2                          # answers that are there are not replaced
    assert "ANSWERS-Ann.json: the file exists" in capsys.readouterr().err
    assert main([*rehearse[:-1], str(tmp_path / "other"), "--kappa", "2"]) == 2
    assert "--kappa 2.0; expected -0.99 to 0.99" in capsys.readouterr().err
