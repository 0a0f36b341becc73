"""The command ``study analyze`` on a CSV of choices: its table, and what bad tables are told."""
import csv

import numpy as np
import pytest
from study_samples import COLUMNS, choice, figures_of, random_readings, rows_of, write_choices

from TumorConnectomeLib.commands.main import main
from TumorConnectomeLib.study.choice_table import read_choice_tables
from TumorConnectomeLib.study.kappa import fleiss_kappa
from TumorConnectomeLib.study.readings import Readings


@pytest.fixture
def run(tmp_path):
    """Analyze rows: the exit status and the figures."""
    def analyzed(rows, *arguments, columns=COLUMNS):
        path, out = write_choices(tmp_path / "choices.csv", rows, columns), tmp_path / "figures.csv"
        status = main(["study", "analyze", "--answers", str(path), "--out", str(out), *arguments])
        return status, figures_of(out) if status == 0 else not out.exists()
    return analyzed


def test_the_table_has_its_columns_and_the_textbook_values(run, tmp_path):
    from sklearn.metrics import cohen_kappa_score
    readings = random_readings()
    status, figures = run(rows_of(readings))
    assert status == 0
    with open(tmp_path / "figures.csv", newline="") as stream:
        assert next(csv.reader(stream)) == ["statistic", "reader", "n", "value", "ci_low", "ci_high", "chance", "p"]
    for number, reader in enumerate(readings.readers):
        own = figures["agreement_with_model", reader]
        assert own["value"] == pytest.approx((readings.chosen[number] & readings.model).sum(-1).mean() / 5, abs=1e-15)
        assert (own["n"], own["chance"]) == (25, pytest.approx(0.5))
        assert figures["cohen_kappa_with_model", reader]["value"] == pytest.approx(
            cohen_kappa_score(readings.chosen[number].ravel(), readings.model.ravel()), abs=1e-12)
    consensus = 2 * readings.votes > 5
    assert figures["cohen_kappa_consensus_model", "consensus"]["value"] == pytest.approx(
        cohen_kappa_score(consensus.ravel(), readings.model.ravel()), abs=1e-12)
    assert figures["agreement_with_model", "consensus"]["value"] == pytest.approx(
        (consensus & readings.model).sum() / 125, abs=1e-15)
    assert figures["agreement_with_model", "consensus"]["chance"] == pytest.approx(consensus.sum() / 250)
    assert figures["fleiss_kappa", "all"]["value"] == pytest.approx(
        fleiss_kappa(readings.votes.ravel(), np.full(250, 5)), abs=1e-15)
    assert figures["agreement_with_model", "all"]["value"] == pytest.approx(
        np.mean([figures["agreement_with_model", reader]["value"] for reader in readings.readers]))
    for statistic, reader in (("agreement_with_model", "all"), ("cohen_kappa_consensus_model", "consensus"),
                              ("fleiss_kappa", "all")):
        these, any_readers = figures[f"{statistic}_these_readers", reader], figures[statistic, reader]
        assert these["value"] == any_readers["value"] and these["p"] == any_readers["p"]
        assert any_readers["ci_low"] <= these["ci_low"] < these["ci_high"] <= any_readers["ci_high"]
    for (statistic, _reader), row in figures.items():
        if row["ci_low"] is not None:
            assert row["ci_low"] <= row["value"] <= row["ci_high"], statistic
        assert row["p"] is None or 0 < row["p"] <= 1


def test_readers_who_follow_the_model_perfectly(run):
    model = np.tile(choice(0, 2, 4, 6, 8), (8, 1))
    readings = Readings.of_choices(["a", "b", "c"], [f"q{i}" for i in range(8)], model, np.stack([model] * 3))
    _status, figures = run(rows_of(readings))
    for key in (("fleiss_kappa", "all"), ("cohen_kappa_consensus_model", "consensus"), ("agreement_with_model", "a")):
        assert figures[key]["value"] == figures[key]["ci_high"] == 1.0
        assert figures[key]["ci_low"] < 0.7                             # eight queries do not prove perfection
    assert figures["agreement_with_model", "a"]["p"] == pytest.approx(252.0 ** -8, rel=1e-6)
    assert figures["queries_with_5_hits", "all"]["chance"] == pytest.approx(1 / 252)
    assert figures["consensus_size", "consensus"]["value"] == 5.0


def test_skipped_and_unfinished_queries_are_left_out(run, capsys):
    readings = random_readings(readers=2, queries=6)
    rows = rows_of(readings, skipped={("r0", "q1")})
    for row in rows:
        if row[:2] == ["r1", "q2"] or row[:3] == ["r1", "q3", "c4"]:
            row[4] = ""
    status, figures = run(rows)
    assert status == 0
    assert (figures["agreement_with_model", "r0"]["n"], figures["agreement_with_model", "r1"]["n"]) == (5, 4)
    assert figures["answered", "r1"]["value"] == pytest.approx(4 / 6)
    both = [0, 4, 5]
    assert figures["fleiss_kappa", "all"]["n"] == 3
    assert figures["fleiss_kappa", "all"]["value"] == pytest.approx(
        fleiss_kappa(readings.votes[both].ravel(), np.full(30, 2)), abs=1e-15)
    assert "Note: r1 answered 4 of 6 queries" in capsys.readouterr().err


def test_two_readers_who_never_agree_have_kappa_minus_one_even_if_one_skips(run):
    one = np.tile(choice(0, 1, 2, 3, 4), (10, 1))
    readings = Readings.of_choices(["a", "b"], [f"q{i}" for i in range(10)], one, np.stack([one, ~one]))
    _status, figures = run(rows_of(readings, skipped={("b", f"q{i}") for i in range(5)}))
    assert (figures["fleiss_kappa", "all"]["value"], figures["fleiss_kappa", "all"]["n"]) == (-1.0, 5)
    assert figures["fleiss_kappa", "all"]["p"] == 1.0
    # in five queries a tie of two is no majority: nothing is chosen
    assert figures["consensus_size", "consensus"]["value"] == 2.5
    assert figures["consensus_ties", "consensus"]["value"] == 5.0


def test_one_reader_has_no_kappa_between_readers(run, capsys):
    status, figures = run(rows_of(random_readings(readers=1, queries=4)))
    assert status == 0
    assert figures["fleiss_kappa", "all"] == dict.fromkeys(("value", "ci_low", "ci_high", "chance", "p")) | {"n": 0}
    assert figures["agreement_with_model", "consensus"]["value"] == figures["agreement_with_model", "r0"]["value"]
    assert "One reader" in capsys.readouterr().err


def test_a_reader_without_any_answer_has_empty_figures(run):
    rows = rows_of(random_readings(readers=3, queries=4))
    for row in rows:
        if row[0] == "r2":
            row[4] = ""
    status, figures = run(rows)
    assert status == 0
    assert figures["agreement_with_model", "r2"]["value"] is None and figures["answered", "r2"]["value"] == 0.0
    assert figures["fleiss_kappa", "all"]["n"] == 4


def test_no_answer_at_all_gives_empty_figures(run):
    rows = rows_of(random_readings(readers=2, queries=2))
    for row in rows:
        row[4] = ""
    status, figures = run(rows)
    assert status == 0
    assert figures["cohen_kappa_consensus_model", "consensus"]["value"] is None


def test_order_of_rows_and_columns_and_other_columns_do_not_matter(run, tmp_path):
    readings = random_readings(readers=3, queries=5)
    rows = rows_of(readings)
    first = run(rows)[1]
    shuffled = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))]
    second = run([[*reversed(row), "note"] for row in shuffled], columns=[*reversed(COLUMNS), "comment"])[1]
    assert first.keys() == second.keys()
    for key, row in first.items():
        for name, value in row.items():
            if name not in ("ci_low", "ci_high") and key[0] != "fleiss_kappa":
                assert second[key][name] == (None if value is None else pytest.approx(value)), (key, name)


def test_what_pandas_and_spreadsheets_write_is_read(tmp_path):
    readings = random_readings(readers=2, queries=3)
    words = {"0": "False", "1": "True"}
    floats = {"0": "0.0", "1": "1.0"}
    rows = [[*row[:3], words[row[3]], floats[row[4]]] for row in rows_of(readings)]
    path = tmp_path / "choices.csv"
    path.write_text("\ufeff" + "\r\n".join(";".join(cells) for cells in [COLUMNS, *rows, [""] * 5]) + "\r\n", encoding="utf-8")
    assert main(["study", "analyze", "--answers", str(path), "--out", str(tmp_path / "o.csv")]) == 0
    assert figures_of(tmp_path / "o.csv")["agreement_with_model", "r0"]["n"] == 3


@pytest.mark.parametrize("change", [
    lambda text: "sep=;\n" + text.replace(",", ";"), lambda text: "# read in May\n" + text,
    lambda text: text.replace("\n", ",\n")], ids=["sep", "comment", "trailing"])
def test_what_stands_around_the_table_does_not_matter(tmp_path, change):
    readings = random_readings(2, 3)
    path = write_choices(tmp_path / "a.csv", rows_of(readings))
    path.write_text(change(path.read_text()))
    found = read_choice_tables([path])
    assert np.array_equal(found.chosen, readings.chosen) and found.queries == readings.queries


def test_whole_numbers_that_became_fractions_in_one_file_are_those_of_the_other(tmp_path):
    readings = random_readings(2, 3)
    rows = [[reader, query[1:], candidate.replace("c", "10000"), *rest]
            for reader, query, candidate, *rest in rows_of(readings)]
    of_reader = [[row for row in rows if row[0] == reader] for reader in readings.readers]
    fractions = [[reader, query + ".0", candidate + ".0", *rest] for reader, query, candidate, *rest in of_reader[1]]
    found = read_choice_tables([write_choices(tmp_path / "a.csv", of_reader[0]), write_choices(tmp_path / "b.csv", fractions)])
    assert np.array_equal(found.chosen, readings.chosen) and found.answered.all()


def test_several_tables_are_one_study(tmp_path, run):
    rows = rows_of(random_readings(readers=2, queries=3))
    whole = run(rows)[1]
    parts = [write_choices(tmp_path / f"{reader}.csv", [row for row in rows if row[0] == reader]) for reader in ("r0", "r1")]
    assert main(["study", "analyze", "--answers", *map(str, parts), "--out", str(tmp_path / "o.csv")]) == 0
    assert figures_of(tmp_path / "o.csv") == whole


def put(rows, column, value):
    """Put a value into a column of these rows."""
    for row in rows:
        row[COLUMNS.index(column)] = value


def changed(number, **values):
    """A change of one row of the table (its number from 0)."""
    return lambda rows: [put([rows[number]], column, value) for column, value in values.items()]


@pytest.mark.parametrize(("change", "texts"), [
    (changed(3, chosen="2"), ["choices.csv, row 5: chosen is '2'; expected 0 or 1"]),
    (changed(3, chosen="maybe\nnot"), ["row 5", "chosen is"]),
    (changed(3, model_choice=""), ["row 5: model_choice is empty; expected 0 or 1"]),
    (changed(3, reader=" "), ["row 5: reader is empty"]),
    (changed(3, candidate="c2"), ["row 5: reader r0, query q0 and candidate c2 stand in row 4"]),
    (changed(13, candidate="c77"), ["query q1 has 11 candidates; expected the same 10"]),
    (lambda rows: rows.pop(7), ["reader r0 has 9 rows for query q0; expected 10"]),
    (lambda rows: rows.clear(), ["the table has no rows; expected 10 rows for every reader and query"]),
    (lambda rows: rows[4].pop(), ["row 6: 4 cells; expected 5"]),
    (lambda rows: put(rows[:20], "reader", "consensus"), ["a reader is called 'consensus'"]),
    (lambda rows: put(rows[20:21], "model_choice", str(1 - int(rows[20][3]))), ["model_choice of candidate c0 of query q0 is"]),
    (lambda rows: put(rows[10:20] + rows[30:], "model_choice", "1"), ["model_choice is 1 for 10 candidates of query q1"]),
    (lambda rows: put(rows[:10], "chosen", "0"), ["reader r0 chose 0 candidates of query q0; expected exactly 5"]),
])
def test_a_bad_table_ends_with_status_2_and_one_line(run, capsys, change, texts):
    rows = rows_of(random_readings(readers=2, queries=2))
    change(rows)
    status, nothing_written = run(rows)
    error = capsys.readouterr().err
    assert status == 2 and nothing_written is True
    assert error.startswith("TumorConnectome: ") and error.count("\n") == 1
    assert all(text in error for text in texts), error


@pytest.mark.parametrize(("content", "text"), [
    (b"", "the file is empty"), (b"reader,query\na,b\n", "no column candidate, model_choice, chosen"),
    (b"reader,query,candidate,model_choice,chosen,Chosen\n", "two columns are called chosen"),
    (b"\x00\x01\x02\x03", "not a text file"), (b'reader,query,candidate,model_choice,chosen\n"a', "not readable as a table"),
    (b"reader,query,candidate,model_choice,chosen\n", "the table has no rows")])
def test_a_file_that_is_no_table_is_told(tmp_path, capsys, content, text):
    (tmp_path / "c.csv").write_bytes(content)
    assert main(["study", "analyze", "--answers", str(tmp_path / "c.csv"), "--out", str(tmp_path / "o.csv")]) == 2
    error = capsys.readouterr().err
    assert text in error and error.count("\n") == 1


@pytest.mark.parametrize("arguments", [
    ["study"], ["study", "analyze"], ["study", "analyze", "--answers", "missing.csv", "--out", "o.csv"],
    ["study", "analyze", "--answers", "missing.csv", "--out", "o.csv", "--seed", "-1"],
    ["study", "analyze", "--study", "missing.json", "--answers", "missing.csv", "--out", "o.csv"],
    ["study", "analyze", "--answers", "ANSWERS-Ann.json", "--out", "o.csv"],
    ["study", "analyze", "--answers", "c.csv", "--out", "./c.csv"]])
def test_wrong_options_end_with_status_2_and_one_line(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
