"""Which neighbor lists are shown: those of the models, repaired ones, or the consensus; made by a worker when needed."""
from __future__ import annotations

from dataclasses import dataclass

from slicer.i18n import tr as _

from ..base.files import default_cache_folder
from ..connectome.analysis import ModelAnalysis
from ..connectome.derived_file import read_derived
from ..connectome.prepared import PreparedCohort
from ..neighbors.consensus import CONSENSUS, CONSENSUS_DISTANCE
from ..neighbors.match import COSINE_DISTANCE
from ..neighbors.repairs import Repair
from ..work.jobs import PythonJob
from ..work.runner import LatestTask


@dataclass(frozen=True, eq=False)
class Shown:
    """What the graph, the lists and the votes are made from.

    Parameters
    ----------
    repair : Repair
    model : str
        A model, or CONSENSUS.
    analyses : mapping of str to ModelAnalysis
        All models under the repair.
    analysis : ModelAnalysis
        The shown one.
    """

    repair: Repair
    model: str
    analyses: dict[str, ModelAnalysis]
    analysis: ModelAnalysis

    @property
    def distance(self) -> str:
        """What the distances are, in words."""
        if self.model == CONSENSUS and CONSENSUS not in self.analyses:
            return CONSENSUS_DISTANCE
        return COSINE_DISTANCE if self.repair is Repair.NONE else self.repair.meaning()

    @property
    def name(self) -> str:
        """The model, with the repair if there is one."""
        return self.model if self.repair is Repair.NONE else f"{self.model}, {_(self.repair.label()).lower()}"


def derive_sequence(path: str, count: int, repair: Repair, consensus: bool):
    """Jobs that leave derived analyses of `count` patients in the cache; returns what `read_derived` reads there."""
    title = _("Consensus of the models ({repair})") if consensus else _("Repair: {repair}")
    arguments = ["--cache", default_cache_folder(), "--prepared", path, "--repair", repair.value]
    arguments += ["--consensus"] if consensus else []
    result = yield PythonJob(title.format(repair=_(repair.label())), "derive", *arguments)
    return read_derived(result["path"], count)


class DerivedAnalyses:
    """Gives what can be shown at once, and has the rest made; one request at a time.

    Parameters
    ----------
    runner : JobRunner
    status : StatusLine
    onReady : callable
        Called without arguments when something that was missing has come.
    onFailed : callable
        Called with the last Shown when it will not come; the status line says why.
    """

    def __init__(self, runner, status, onReady, onFailed):
        self._work, self._status, self._onReady, self._onFailed = LatestTask(runner, status), status, onReady, onFailed
        self._prepared, self._path, self._wanted = None, "", None
        self._found: dict[tuple[Repair, bool], dict[str, ModelAnalysis]] = {}
        self._shown = None

    @property
    def busy(self):
        """Whether something is being made."""
        return self._work.busy

    def setPrepared(self, prepared: PreparedCohort, path: str):
        """Start from another cohort."""
        self.cancel()
        model = prepared.cohort.models[0]
        self._prepared, self._path, self._found = prepared, path, {(Repair.NONE, False): prepared.analyses}
        self._shown = Shown(Repair.NONE, model, prepared.analyses, prepared.analyses[model])

    def cancel(self):
        """Stop what is being made, and call nobody."""
        self._wanted = None
        self._work.cancel()

    def choose(self, repair: Repair, model: str) -> Shown:
        """What is wanted, or, until that has been made, the nearest that is there."""
        consensus = model not in self._prepared.cohort.models
        missing = [key for key in ((repair, False), *([(repair, True)] if consensus else [])) if key not in self._found]
        if missing:
            self._request(missing[0])
        elif self.busy:
            self.cancel()
        shown = self._shown
        analyses = self._found.get((repair, False))
        repair = shown.repair if analyses is None else repair
        analyses = shown.analyses if analyses is None else analyses
        every = {**self._found.get((repair, True), {}), **analyses}
        for name in (model, shown.model, self._prepared.cohort.models[0]):
            if name in every:
                self._shown = Shown(repair, name, analyses, every[name])
                break
        self._forget({Repair.NONE, self._shown.repair})
        return self._shown

    def _forget(self, kept):
        """Lists of large cohorts take much memory: keep those of these repairs only."""
        self._found = {key: analyses for key, analyses in self._found.items() if key[0] in kept}

    def _request(self, wanted):
        if wanted == self._wanted:
            return
        self.cancel()
        self._wanted = wanted

        def done(analyses):
            self._found[wanted], self._wanted = analyses, None
            self._status.done("")
            self._onReady()

        def failed(error):
            self._wanted = None
            self._onFailed(self._shown)

        sequence = derive_sequence(self._path, len(self._prepared.cohort.patients), *wanted)
        self._work.run(sequence, done, failed, again=self._onReady)
