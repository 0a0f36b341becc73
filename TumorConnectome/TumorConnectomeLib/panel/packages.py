"""Python packages that Slicer does not bundle: installed when an action needs them, with the user's consent."""
import pathlib

import slicer.packaging
from slicer.i18n import tr as _

from ..base.errors import PackageMissing

_RESOURCES = pathlib.Path(__file__).resolve().parents[2] / "Resources"


def requirement_of(package):
    """What Resources/requirements*.txt ask for of a package (packaging.requirements.Requirement); KeyError if nothing."""
    name = slicer.packaging.canonicalize_name(package)
    for path in sorted(_RESOURCES.glob("requirements*.txt")):
        for requirement in slicer.packaging.load_requirements(path):
            if slicer.packaging.canonicalize_name(requirement.name) == name:
                return requirement
    raise KeyError(package)


def require(package, purpose):
    """PackageMissing if a package is not installed in a fitting version; it says that `purpose` (a phrase) needs it."""
    requirement = requirement_of(package)
    if not slicer.packaging.pip_check(requirement):
        raise PackageMissing(_("{purpose} needs the Python package {package}, which is not installed.").format(
            purpose=purpose, package=requirement), package)


def install(package):
    """Install a package after the user has agreed.

    Raises
    ------
    PackageMissing
        The user declines, the installation fails, or Slicer runs in testing mode and installs nothing.
    """
    import subprocess

    requirement = requirement_of(package)
    try:
        slicer.packaging.pip_ensure([requirement], requester="TumorConnectome")
    except (RuntimeError, subprocess.CalledProcessError) as error:
        raise PackageMissing(_("{package} was not installed: {error}").format(package=package, error=error), package) from None
    if not slicer.packaging.pip_check(requirement):
        raise PackageMissing(_("{package} was not installed.").format(package=package), package)
