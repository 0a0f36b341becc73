"""The command line: ``python -m TumorConnectomeLib COMMAND ...`` for batch work and checks."""
import argparse
import sys

from ..base.errors import PackageMissing, TumorConnectomeError


def main(arguments=None):
    """Run a command and return its exit status: 0, or 2 after one line on standard error that says what is wrong."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["worker"]:
        from .worker import run_worker
        return run_worker(arguments[1:])
    from .embed import joined_points

    try:
        options = _parser().parse_args(joined_points(arguments))
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


def _parser():
    from . import agreement, boxes, embed, evaluate, hubs, maps, measure, neighbors, probes, query, study, text

    parser = _OneLineParser(prog="TumorConnectomeLib",
                            description="Tumor similarity from precomputed embeddings, without Slicer.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (neighbors, boxes, measure, evaluate, hubs, agreement, probes, maps, query, study, text, embed):
        command.add_parser(subparsers)
    return parser
