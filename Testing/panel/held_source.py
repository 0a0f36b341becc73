"""A source of series whose downloads go on until the test lets them end."""
import sys

from TumorConnectomeLib.base.errors import JobFailed
from TumorConnectomeLib.imaging.sources import SeriesFiles
from TumorConnectomeLib.imaging.transfer_errors import TransferFailed
from TumorConnectomeLib.work.jobs import Job, Progress, Transfer

#: runs until its file appears, then says how it ended: a number of files, or the name of an error
CODE = """import pathlib, sys, time
print('started', flush=True)
path = pathlib.Path(sys.argv[1])
while not path.exists():
    time.sleep(0.003)
print(path.read_text(), flush=True)"""


class HeldJob(Job):
    """A process that goes on until the test lets it end."""

    def __init__(self, request, file):
        self.title, self.request, self.file, self.lines, self.was_stopped = "Held", request, file, [], False

    def command(self):
        return [sys.executable, "-S", "-E", "-u", "-c", CODE, str(self.file)]

    def feed(self, line):
        self.lines.append(line)
        self.transfer = Transfer(10 * len(self.lines), 20, 1_000_000 * len(self.lines), 2_000_000, 500_000.0)
        return Progress(self.transfer.fraction, self.transfer.text())

    def finish(self, exit_code, errors):
        if self.lines[-1] == "broken":
            raise JobFailed("broken")
        if self.lines[-1] == "offline":
            raise TransferFailed("offline", "IDC can not be reached")

    def stopped(self):
        self.was_stopped = True


class HeldSource:
    """Fetches every series by a HeldJob; `release` ends one."""

    name, remote = "IDC", True

    def __init__(self, folder):
        self.folder, self.jobs = folder, []

    def find(self, request):
        return True

    def fetch(self, request):
        job = HeldJob(request, self.folder / f"{request.ct_uid}.{len(self.jobs)}")
        self.jobs.append(job)
        yield job
        return SeriesFiles(self.folder / request.ct_uid, None, self.name)

    def started(self):
        """Numbers of the series whose job ran, in order."""
        return [int(job.request.ct_uid.rpartition(".")[2]) for job in self.jobs if job.lines]

    def release(self, uid, outcome="20"):
        """End the job of a series: with success, or with the outcome "broken" or "offline"."""
        job = next(job for job in reversed(self.jobs) if job.request.ct_uid == uid)
        part = job.file.with_suffix(".part")
        part.write_text(outcome)
        part.rename(job.file)
