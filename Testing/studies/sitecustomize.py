"""Workers of the tests take what others have imported and made: see `warm_workers` and `shared_results`.

Python imports this file at its start when its folder is on PYTHONPATH.
"""
import os
import sys

if sys.orig_argv[1:3] == ["-m", "TumorConnectomeLib"]:
    if "WARM_WORKERS" in os.environ:
        from warm_workers import hand_over
        hand_over(os.environ["WARM_WORKERS"], sys.orig_argv[3:])
    from shared_results import share
    share(sys.orig_argv[3:])
