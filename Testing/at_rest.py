"""Waits that end when a condition holds or when nothing moves any more, never by the clock: slow machines take longer."""
import os

from PySide6 import QtCore

from slicerhost.alive import running_processes, running_timers

_LOOK_MS = 50
#: so many looks in a row without an event, a timer or a child process: nothing will happen any more
_LOOKS_AT_REST = 40
#: so many in a row with timers and sleeping processes only: they will not change anything either
_LOOKS_ASLEEP = 2400
#: while events come, one look in so many is at the processes, too
_LOOKS_PER_PROCESSES = 20
#: how far off a timer may be for `settle` to wait for it; those that watch over silent processes are further
_SOON_MS = 2000


class NothingMoves(TimeoutError):
    """What was waited for can not happen any more."""


def processes(parent=None):
    """Processes below this one (or below `parent`): list of (process id, state, clock ticks of the processor used).

    Linux tells the state as R (runs or would like to), D (waits for a disk), S (sleeps), Z (has ended).
    """
    if not os.path.isdir("/proc/self/task"):
        return [(process.processId(), "R", 0) for process in running_processes()]
    if parent is None:                                  # workers may come from a server of the tests
        return [found for top in (os.getpid(), os.environ.get("WARM_WORKERS_PROCESS")) if top for found in processes(top)]
    found, tasks = [], f"/proc/{parent}/task"
    try:
        children = [int(pid) for task in os.listdir(tasks) for pid in _text(f"{tasks}/{task}/children").split()]
    except OSError:
        return found                                    # it has ended meanwhile
    for pid in children:
        try:
            state, *fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
        except OSError:
            continue
        found += [(pid, state, int(fields[10]) + int(fields[11])), *processes(pid)]
    return found


def _text(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.read()


class _Alarm(QtCore.QObject):
    """Wakes an event loop in which nothing happens."""

    rang = False

    def timerEvent(self, event):
        self.rang = True


def process_events(wait_ms=0):
    """Deliver all posted events, deletions included, or wait for one for some time; whether there were any."""
    dispatcher, flags = QtCore.QAbstractEventDispatcher.instance(), QtCore.QEventLoop.ProcessEventsFlag
    moved = dispatcher.processEvents(flags.AllEvents)
    if not moved and wait_ms:
        alarm = _Alarm()
        alarm.startTimer(wait_ms)
        dispatcher.processEvents(flags.AllEvents | flags.WaitForMoreEvents)
        moved = not alarm.rang
    # outside of exec() nobody deletes what deleteLater() has marked
    QtCore.QCoreApplication.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete.value)
    return moved


def settle():
    """Deliver events until none is posted and no timer is due soon: widgets are laid out, views drawn, animations over."""
    quiet = 0
    while quiet < 3:
        soon = running_timers(_SOON_MS)
        quiet = 0 if process_events(_LOOK_MS if soon else 0) or soon else quiet + 1


def wait_until(done, what="in time"):
    """Deliver events until `done()` is true; NothingMoves when it can not become true any more.

    That is when no event is posted, no timer is active and no child process exists, or when for thousands of looks in a
    row nothing but sleeping processes and timers was there.
    """
    at_rest = asleep = looks = 0
    used = None
    while not done():
        moved, looks = process_events(_LOOK_MS), looks + 1
        if moved and looks < _LOOKS_PER_PROCESSES:
            at_rest = 0
            continue
        below = processes()
        if any(state in "RD" for _, state, _ in below) or below != used:
            used, asleep = below, 0
        asleep, looks = asleep + looks, 0
        at_rest = 0 if moved or below else at_rest + 1
        if at_rest >= _LOOKS_AT_REST:
            if not running_timers():
                raise NothingMoves(f"not {what}: no event is posted, no timer is active, no process runs")
            at_rest = 0
        if asleep >= _LOOKS_ASLEEP:
            raise NothingMoves(f"not {what}: {len(below)} processes sleep, {len(running_timers())} timers do not help")
