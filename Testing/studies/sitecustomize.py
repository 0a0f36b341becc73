"""Workers of the tests take what others have imported and made: see `warm_workers` and `shared_results`.

Python imports this file at its start when its folder is on PYTHONPATH.
"""
from warm_workers import at_start

at_start()
