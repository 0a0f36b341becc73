"""The command line: ``python -m TumorConnectomeLib COMMAND ...`` for batch work and checks."""
import argparse
import importlib
import sys

from ..base.errors import PackageMissing, TumorConnectomeError


def main(arguments=None):
    """Run a command and return its exit status: 0, or 2 after one line on standard error that says what is wrong."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["worker"]:
        from .worker import run_worker
        return run_worker(arguments[1:])
    if arguments[:1] == ["embed"]:
        from .embed import joined_points
        arguments = joined_points(arguments)
    try:
        options = _parser(arguments[0] if arguments else "").parse_args(arguments)
        return options.run(options)
    except TumorConnectomeError as error:
        problem = str(error)
    except OSError as error:
        problem = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    except ModuleNotFoundError as error:
        problem = str(PackageMissing.of(error))
    print("TumorConnectome: " + " ".join(problem.split()), file=sys.stderr)
    return 2


class _OneLineParser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def error(self, message):
        raise TumorConnectomeError(f"{message} ('{self.prog} --help' lists what can be given)")


#: command -> its module; importing all of them takes longer than a small command
_COMMANDS = {"neighbors": "neighbors", "boxes": "boxes", "measure": "measure", "evaluate": "evaluate", "hubs": "hubs",
             "agreement": "agreement", "probes": "probes", "maps": "maps", "query": "query", "study": "study",
             "text": "text", "embed": "embed", "time-points": "time_points"}


def _parser(name):
    """The parser of a command, or of all of them when there is no such command."""
    parser = _OneLineParser(prog="TumorConnectomeLib",
                            description="Tumor similarity from precomputed embeddings, without Slicer.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in [_COMMANDS[name]] if name in _COMMANDS else _COMMANDS.values():
        importlib.import_module(f"..{module}", __name__).add_parser(subparsers)
    return parser
