"""Makes installed packages invisible: those whose distributions the environment variable ABSENT_PACKAGES names.

Python imports this file at its start when its folder is on PYTHONPATH: in the process of a test and in its workers.
The variable is read anew each time, so that a test can "install" a package.
"""
import importlib.machinery
import importlib.metadata
import os
import sys

#: distribution -> modules it brings, where the names differ
_MODULES = {"scikit-learn": ("sklearn",), "idc-index-data": ("idc_index_data",)}


def _absent():
    return set(os.environ.get("ABSENT_PACKAGES", "").split())


class _Finder:
    """Python's own finder of files, which does not see the absent packages."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        hidden = {module for package in _absent() for module in _MODULES.get(package, (package,))}
        if name.partition(".")[0] in hidden:
            return None
        return importlib.machinery.PathFinder.find_spec(name, path, target)

    @staticmethod
    def invalidate_caches():
        importlib.machinery.PathFinder.invalidate_caches()

    @staticmethod
    def find_distributions(context=None):
        context = context or importlib.metadata.DistributionFinder.Context()
        for distribution in importlib.metadata.MetadataPathFinder.find_distributions(context):
            if (distribution.metadata["Name"] or "").lower().replace("_", "-") not in _absent():
                yield distribution


sys.meta_path[:] = [_Finder if finder is importlib.machinery.PathFinder else finder for finder in sys.meta_path]

if not _absent():
    from warm_workers import at_start  # in the folder studies, as for the workers of other tests
    at_start()
