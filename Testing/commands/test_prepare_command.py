"""The worker command that leaves a prepared cohort in the cache."""
import pytest
from cohort_factory import write_model

from TumorConnectomeLib.base.errors import InputError, JobFailed
from TumorConnectomeLib.commands.prepare import prepare
from TumorConnectomeLib.connectome.prepared import read_prepared
from TumorConnectomeLib.work.jobs import PythonJob, run_blocking


@pytest.fixture
def run(tmp_path):
    """Run the command on the folder "data"; returns its result and the progress messages."""
    def run_command():
        reports = []
        result = prepare(["--cache", str(tmp_path / "cache"), "--data", str(tmp_path / "data")],
                         lambda fraction, message="": reports.append((fraction, message)))
        return result, reports
    write_model(tmp_path / "data", "CTFM", [3, 1, 2])
    return run_command


def test_the_first_run_prepares_and_the_second_finds_it(run, tmp_path):
    result, reports = run()
    assert read_prepared(result["path"]).cohort.patient_ids == ("1", "2", "3")
    fractions = [fraction for fraction, _message in reports]
    assert fractions == sorted(fractions)
    assert "Layout of CTFM" in [message for _fraction, message in reports]
    again, reports = run()
    assert again == result == {"path": result["path"], "note": ""}
    assert [message for _fraction, message in reports] == ["Looking for the cohort in the cache"]
    assert len(list((tmp_path / "cache" / "cohorts").iterdir())) == 1


def test_changed_files_are_prepared_anew(run, tmp_path):
    first, _reports = run()
    write_model(tmp_path / "data", "CTFM", [3, 1, 4])
    second, _reports = run()
    assert first["path"] != second["path"]
    assert read_prepared(second["path"]).cohort.patient_ids == ("1", "3", "4")


def test_a_damaged_cache_file_is_made_anew_and_told(run):
    path = run()[0]["path"]
    with open(path, "r+b") as stream:
        stream.truncate(100)
    result, _reports = run()
    assert result["path"] == path
    assert result["note"].startswith(f"The cached cohort was made anew: {path}: damaged")
    assert len(read_prepared(path).cohort.patients) == 3


def test_bad_input_leaves_nothing_in_the_cache(run, tmp_path):
    (tmp_path / "data" / "CTFM_features.pkl").write_bytes(b"nonsense")
    with pytest.raises(InputError, match="CTFM_features.pkl"):
        run()
    assert not (tmp_path / "cache").exists()


def test_it_runs_as_a_child_process(run, tmp_path):
    def sequence(folder):
        return (yield PythonJob("Preparing", "prepare", "--cache", tmp_path / "cache", "--data", folder))

    reports = []
    result = run_blocking(sequence(tmp_path / "data"), reports.append)
    assert read_prepared(result["path"]).cohort.name == "data"
    assert {report.message for report in reports} >= {"Reading CTFM_features.pkl", "Neighbors by CTFM", "Layout of CTFM"}
    with pytest.raises(JobFailed, match=r"nowhere: no such folder or file; expected a folder, or a file"):
        run_blocking(sequence(tmp_path / "nowhere"))
