"""What tools that make shipped lists have in common: the command line, the file written in one step, errors in one line."""
import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "TumorConnectome"))

from TumorConnectomeLib.base.errors import TumorConnectomeError  # noqa: E402
from TumorConnectomeLib.base.files import atomic_file  # noqa: E402


def write_list(description, source, what, default, make):
    """Write a list that ships with the module; returns the exit status: 2 after one line if that is not possible.

    Parameters
    ----------
    description : str
        The tool's docstring; its first line is shown.
    source, what : str
        Name and help of the path that the list is made from.
    default : path
        Where it goes.
    make : callable
        Takes that path, returns the text.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument(source, type=pathlib.Path, help=what)
    parser.add_argument("--out", type=pathlib.Path, default=default)
    arguments = parser.parse_args()
    try:
        text = make(getattr(arguments, source))
        with atomic_file(arguments.out, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except (TumorConnectomeError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{arguments.out}: {len(text.splitlines())} lines, {len(text)} bytes")
    return 0
