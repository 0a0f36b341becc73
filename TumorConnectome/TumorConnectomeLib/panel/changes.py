"""The state dispatched by parameter: a section of the panel is told of what it shows, and of nothing else."""
from __future__ import annotations

from collections.abc import Callable

#: topics: what else than a parameter may change
COHORT, COLUMNS, LISTS, GRAPH, TITLE, RESULTS, IMAGES, SCENE, WEIGHTS = (
    "<cohort>", "<columns>", "<lists>", "<graph>", "<title>", "<results>", "<images>", "<scene>", "<weights>")


class Changes:
    """Tells functions which of the names that they show have changed.

    A name is that of a parameter or one of the topics above. The parameter node says only that something changed; comparing
    the stored texts finds out what. Functions are called in the order in which they were bound, each once for all that it
    shows. What a function changes itself is told when it has returned: it may write the state.

    Attributes
    ----------
    parameters : TumorConnectomeParameterNode or None
        The state; None while a scene is closed: then nobody is told anything until there is one again.
    """

    def __init__(self):
        self.parameters = None
        self._shown: list[tuple[frozenset[str], Callable, set[str]]] = []       # names, function, names that have changed
        self._texts: dict[str, str] = {}                                        # of the parameters, as they were last
        self._telling = False

    def bind(self, show: Callable, *names: str) -> None:
        """Call `show(parameters)` when one of these has changed, and once at the beginning."""
        self._shown.append((frozenset(names), show, set(names)))
        self._texts.update((name, self._texts.get(name, "")) for name in names if not name.startswith("<"))

    def follow(self, parameters) -> None:
        """Use another parameter node (a new or loaded scene), or None while a scene is closed."""
        self.parameters = parameters
        if parameters is not None:
            self._mark({SCENE})
            self.onModified()

    def onModified(self, caller=None, event=None) -> None:
        """The parameter node was modified: tell what is different."""
        if self.parameters is None:
            return
        read, texts = self.parameters.parameterNode.GetParameter, self._texts
        changed = {name: text for name, before in texts.items() if (text := read(name)) != before}
        if changed:
            texts.update(changed)
            self._mark(changed)
        self._tell()

    def tell(self, *topics: str) -> None:
        """Something else has changed."""
        self._mark(topics)
        self._tell()

    def set(self, **values) -> None:
        """Set several parameters in one step, so that the state between them is never shown."""
        if self.parameters is None:
            return
        node = self.parameters.parameterNode
        modifying = node.StartModify()
        try:
            for name, value in values.items():
                setattr(self.parameters, name, value)
        finally:
            node.EndModify(modifying)

    def _mark(self, names):
        for shown, _show, changed in self._shown:
            changed.update(shown.intersection(names))

    def _tell(self):
        if self._telling:                               # the loop below goes on with what a function has changed
            return
        self._telling, problems = True, []
        try:
            while self.parameters is not None:
                _names, show, changed = next((bound for bound in self._shown if bound[2]), (None, None, None))
                if changed is None:
                    break
                changed.clear()
                try:
                    show(self.parameters)
                except Exception as error:              # the other sections show the state all the same
                    problems.append(error)
        finally:
            self._telling = False
        if problems:
            raise problems[0]
