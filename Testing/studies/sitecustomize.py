"""Workers of the tests take what others have imported and made: see `warm_workers` and `shared_results`.

Python imports this file at its start when its folder is on PYTHONPATH.
"""
import os
import sys

worker = sys.orig_argv[1:3] == ["-m", "TumorConnectomeLib"]
server = os.environ.pop("WARM_PROGRAM", None) or worker and os.environ.get("WARM_WORKERS")
if server:
    from warm_workers import hand_over
    hand_over(server)
if worker:
    from shared_results import share
    share(sys.orig_argv[3:])
