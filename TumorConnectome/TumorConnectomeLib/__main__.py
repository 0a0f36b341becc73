"""``python -m TumorConnectomeLib``: see commands.main."""
import signal
import sys

from .commands.main import main

if sys.argv[1:2] != ["worker"]:                         # who ends a worker cleans up after it
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))     # as Ctrl+C: leave nothing half-written
sys.exit(main())
