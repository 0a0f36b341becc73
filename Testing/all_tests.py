"""Runs all tests: those of the host first, which need the main window for themselves, then the others side by side."""
import subprocess
import sys

from studies.one_run import set_environment, shared

#: arguments of pytest
RUNS = (["Testing/host"], ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", "--ignore=Testing/host"])


def main():
    """The exit status of the first run that fails; the runs after it are left out."""
    set_environment()
    with shared():
        for arguments in RUNS:
            if status := subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
