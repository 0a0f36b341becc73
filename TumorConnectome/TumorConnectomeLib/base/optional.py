"""Packages that only some analyses need and that Slicer does not bring."""
import importlib

from .errors import PackageMissing


def optional_package(module: str, package: str, purpose: str):
    """Import and return `module`; PackageMissing with one clear line when its package is not installed.

    Parameters
    ----------
    module : str
        What to import, such as ``sklearn.manifold``.
    package : str
        What to install, such as ``scikit-learn``.
    purpose : str
        What needs it, as the subject of a sentence: "Logistic probes".
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise PackageMissing(f"{purpose} need the Python package {package}, which is not installed ({error})",
                             package) from None
