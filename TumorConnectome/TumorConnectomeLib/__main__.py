"""``python -m TumorConnectomeLib``: see commands.main."""
import os
import signal
import sys

if sys.argv[1:2] == ["evaluate"]:                       # of many small products threads only wait for each other
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

from .commands.main import main

if sys.argv[1:2] != ["worker"]:                         # who ends a worker cleans up after it
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))     # as Ctrl+C: leave nothing half-written
sys.exit(main())
