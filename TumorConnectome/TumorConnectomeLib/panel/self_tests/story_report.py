"""What became of the stories of the self-test: one line each, and records for a file."""
from __future__ import annotations

from dataclasses import asdict, dataclass, field

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class StoryOutcome:
    """What became of one story.

    Parameters
    ----------
    name : str
    outcome : str
        PASSED, FAILED or SKIPPED.
    seconds : float
    reason : str
        Why it failed or was skipped, in one line.
    details : str
        The traceback of a failure.
    """

    name: str
    outcome: str
    seconds: float
    reason: str = ""
    details: str = ""

    @property
    def line(self) -> str:
        """What is printed."""
        reason = f": {self.reason}" if self.reason else ""
        return f"Story {self.name} {self.outcome} ({self.seconds:.1f} s){reason}"


@dataclass(frozen=True)
class ArrangementSize:
    """What an arrangement of views did to the main window.

    Parameters
    ----------
    arrangement : str
    before, during, after : tuple of int
        Width and height of the main window in pixels: before the arrangement was shown, while it is, and after it was left
        and the window was given its old size again.
    narrowest : tuple of int
        The smallest size that the window could have while it is shown.
    picture : str
        File with a picture of the main window, "" without.
    """

    arrangement: str
    before: tuple[int, int]
    during: tuple[int, int]
    after: tuple[int, int]
    narrowest: tuple[int, int]
    picture: str = ""


@dataclass
class StoryReport:
    """Outcomes of stories and sizes of arrangements, in the order in which they happened."""

    stories: list[StoryOutcome] = field(default_factory=list)
    arrangements: list[ArrangementSize] = field(default_factory=list)

    def add(self, outcome: StoryOutcome):
        """Keep the outcome of a story and print its line."""
        self.stories.append(outcome)
        print(outcome.line, flush=True)

    @property
    def failures(self) -> list[StoryOutcome]:
        """The stories that failed."""
        return [story for story in self.stories if story.outcome == FAILED]

    def to_record(self) -> dict:
        """As JSON takes it."""
        return {"stories": [asdict(story) for story in self.stories],
                "arrangements": [asdict(size) for size in self.arrangements]}
