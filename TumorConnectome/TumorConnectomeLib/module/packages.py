"""Python packages that Slicer does not bundle: installed when an action needs them, with the user's consent."""
import slicer.packaging
from slicer.i18n import tr as _

from ..core.errors import TumorConnectomeError


def packages_installed(requirements_file):
    """Whether nothing has to be installed first."""
    return slicer.packaging.pip_check(slicer.packaging.load_requirements(requirements_file))


def ensure_packages(requirements_file):
    """Make sure that the packages of a requirements file are installed.

    Raises TumorConnectomeError when the user declines or the installation fails.
    """
    import subprocess

    try:
        slicer.packaging.pip_ensure(slicer.packaging.load_requirements(requirements_file), requester="TumorConnectome")
    except (RuntimeError, subprocess.CalledProcessError) as error:
        raise TumorConnectomeError(_("Python packages are missing: {error}").format(error=error)) from None
