"""One piece of long work at a time: what a replaced or canceled one still says is not heard."""
import pytest


class Runner:
    """Keeps the callbacks of what was started; the test decides when they are called."""

    def __init__(self):
        self.started = []

    def start(self, sequence, progress, done, failed):
        task = type("Task", (), {"running": True, "canceled": False, "drop": lambda self: setattr(self, "canceled", True)})()
        self.started.append((sequence, progress, done, failed, task))
        return task


class Status:
    def __init__(self):
        self.said, self.watched = [], []

    def progress(self, fraction, message):
        self.said.append(message)

    def watch(self, task):
        self.watched.append(task)

    def done(self, message):
        self.said.append(message)


@pytest.fixture
def work(host):
    from TumorConnectomeLib.work.runner import LatestTask

    runner, status = Runner(), Status()
    return LatestTask(runner, status), runner, status


def test_only_the_latest_task_is_heard(work):
    task, runner, status = work
    heard = []
    task.run("first", lambda result: heard.append(("first", result)), heard.append)
    task.run("second", lambda result: heard.append(("second", result)), heard.append)
    (_first, progress1, done1, failed1, started1), (_second, progress2, done2, _failed2, started2) = runner.started
    assert started1.canceled and not started2.canceled and status.watched == [started1, started2]
    progress1(0.5, "old")
    progress2(0.5, "new")
    failed1(ValueError("canceled"))
    done1(1)
    assert status.said == ["new"] and heard == [] and task.busy
    done2(2)
    assert heard == [("second", 2)] and not task.busy
    done2(3)
    assert heard == [("second", 2)]


def test_a_canceled_task_calls_nobody_and_leaves_nothing_on_the_status_line(work):
    task, runner, status = work
    heard = []
    assert task.cancel() is False and status.said == []
    task.run("only", heard.append, heard.append)
    assert task.cancel() is True and runner.started[0][4].canceled and not task.busy
    assert status.said == [""]
    runner.started[0][3](ValueError("canceled"))
    assert heard == []


def test_a_failure_ends_it_and_a_new_one_may_start_from_there(work):
    task, runner, status = work
    heard = []
    task.run("first", heard.append, lambda error: task.run("again", heard.append, heard.append, watched=False))
    runner.started[0][3](ValueError("broken"))
    assert task.busy and len(status.watched) == 1
    runner.started[1][1](0.1, "not shown")
    runner.started[1][2]("found")
    assert heard == ["found"] and status.said == [] and not task.busy
