"""Every command with every degenerate but legal cohort: exit status 0, or 2 after one line that says what is wrong."""
import csv

import numpy as np
import pytest
from own_files import vectors

from TumorConnectomeLib.commands.main import main

SOME = vectors(12, 4, seed=1)


def _table(folder, name, embedding, **columns):
    with open(folder / f"{name}.csv", "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["PatientID", *(f"pred_{number}" for number in range(embedding.shape[1])), *columns])
        for row, vector in enumerate(embedding.tolist()):
            writer.writerow([f"P{row:02d}", *vector, *(values[row] for values in columns.values())])


COHORTS = {
    "no facets": lambda folder: _table(folder, "a", SOME),
    "one class": lambda folder: _table(folder, "a", SOME, grp=["x"] * 12),
    "no values": lambda folder: _table(folder, "a", SOME, grp=[""] * 12, age=["NA"] * 12),
    "a class of its own for everybody": lambda folder: _table(folder, "a", SOME, grp=[f"g{row}" for row in range(12)]),
    "one against all": lambda folder: _table(folder, "a", SOME, grp=["x"] + ["y"] * 11),
    "one patient": lambda folder: _table(folder, "a", SOME[:1], grp=["x"]),
    "two patients": lambda folder: _table(folder, "a", SOME[:2], grp=["x", "y"]),
    "three patients": lambda folder: _table(folder, "a", SOME[:3], grp=["x", "y", "x"]),
    "every patient twice": lambda folder: _table(folder, "a", np.repeat(SOME[:6], 2, axis=0), grp=list("aabbccddeeff")),
    "one direction": lambda folder: _table(folder, "a", np.outer(np.arange(1, 13), [1, 2, 3, 4]), grp=["x", "y"] * 6),
    "two directions": lambda folder: _table(folder, "a", SOME[[0, 1] * 6], grp=["x", "y"] * 6),
    "one model varies": lambda folder: [_table(folder, "a", SOME, grp=["x", "y"] * 6), _table(folder, "b", np.ones((12, 3)))],
    "two models": lambda folder: [_table(folder, "a", SOME), _table(folder, "b", vectors(12, 3, seed=2))],
    "two models of two patients": lambda folder: [_table(folder, "a", SOME[:2]), _table(folder, "b", vectors(2, 3, seed=2))],
    "two numbers in a vector": lambda folder: _table(folder, "a", SOME[:, :2], grp=["x", "y"] * 6),
    "nobody has a vector": lambda folder: _table(folder, "a", np.zeros((12, 4)), grp=["x", "y"] * 6),
    "a number for everybody": lambda folder: _table(folder, "a", SOME, size=np.linspace(0.1, 90, 12)),
}
COMMANDS = {
    "neighbors": ["neighbors", "--k", "1", "--out"],
    "neighbors, default k": ["neighbors", "--match", "least", "--out"],
    "evaluate": ["evaluate", "--k", "2", "--permutations", "9", "--out"],
    "evaluate, all else": ["evaluate", "--k", "1", "--permutations", "9", "--confounds", "{folder}/c.out",
                           "--votes", "{folder}/v.out", "--verdict", "{folder}/r.html", "--out"],
    "evaluate, confounds": ["evaluate", "--k", "1", "--permutations", "9", "--confounds", "{folder}/c.out", "--out"],
    "evaluate, repaired": ["evaluate", "--k", "1", "--permutations", "9", "--repair", "csls", "--out"],
    "evaluate, a facet": ["evaluate", "--facet", "grp", "--k", "1", "--permutations", "9", "--out"],
    "hubs": ["hubs", "--k", "1", "--out"],
    "agreement": ["agreement", "--k", "1", "--out"],
    "maps": ["maps", "--k", "1", "--out"],
    "probes": ["probes", "--out"],
    "query": ["query", "--model", "a", "--vector", "{folder}/vector.txt", "--k", "1", "--out"],
    "measure": ["measure", "--images", "{folder}", "--cache", "{folder}/cache", "--out"],
}


@pytest.mark.parametrize("cohort", COHORTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_ends_with_a_table_or_with_one_line(tmp_path, capsys, command, cohort):
    data = tmp_path / "data"
    data.mkdir()
    COHORTS[cohort](data)
    (tmp_path / "vector.txt").write_text("1 2 3 4" if cohort != "two numbers in a vector" else "1 2")
    words = [word.format(folder=tmp_path) for word in COMMANDS[command]]
    status = main([*words, str(tmp_path / "out.csv"), "--data", str(data)])
    said = capsys.readouterr()
    lines = [line for line in said.err.splitlines() if not line.startswith("Note: ")]
    assert status in (0, 2) and "Traceback" not in said.err
    if status == 2:
        assert len(lines) == 1 and lines[0].startswith("TumorConnectome: ") and len(lines[0]) > 40
        assert not (tmp_path / "out.csv").exists()
    else:
        with open(tmp_path / "out.csv", newline="", encoding="utf-8") as stream:
            assert len(next(csv.reader(stream))) > 3
