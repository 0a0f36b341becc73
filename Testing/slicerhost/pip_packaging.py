"""slicer.packaging: checks requirements against what is installed. The host itself installs nothing."""
import functools
import importlib.metadata
import tomllib

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

__all__ = ["canonicalize_name", "default_environment", "isPipInstallInProgress", "load_pyproject_dependencies",
           "load_requirements", "pip_check", "pip_ensure", "pip_install", "pip_uninstall"]


def load_requirements(path):
    """The requirements of a requirements.txt file; comments and pip options are left out."""
    with open(path, encoding="utf-8") as file:
        return [Requirement(line.strip()) for line in file if line.strip() and not line.strip().startswith(("#", "-"))]


def load_pyproject_dependencies(path):
    """The dependencies of a pyproject.toml file; KeyError if it has no [project] table."""
    with open(path, "rb") as file:
        data = tomllib.load(file)
    if "project" not in data:
        raise KeyError(f"pyproject.toml has no [project] table: {path}")
    return [Requirement(text) for text in data["project"].get("dependencies", [])]


def pip_check(req, _seen=None):
    """Whether all requirements are installed in a fitting version, also those of their extras."""
    seen = set() if _seen is None else _seen
    return all(_is_satisfied(requirement, seen) for requirement in _requirements(req))


def pip_ensure(requirements, constraints=None, skip_packages=None, prompt_install=True, prompt_restart=True,
               requester=None, skip_in_testing=True, show_progress=True):
    """RuntimeError naming what is missing; Slicer would install it."""
    missing = [str(requirement) for requirement in _requirements(requirements) if not pip_check(requirement)]
    if missing:
        raise RuntimeError(f"{requester or 'A module'} needs Python packages that are not installed, and the host installs "
                           f"none; run: pip install {' '.join(repr(text) for text in missing)}")


def pip_install(requirements, *arguments, **keywords):
    raise NotImplementedError(f"slicerhost installs no packages; run: pip install {requirements}")


def pip_uninstall(requirements, *arguments, **keywords):
    raise NotImplementedError(f"slicerhost uninstalls no packages; run: pip uninstall {requirements}")


def isPipInstallInProgress():
    return False


def _requirements(reqs):
    """Requirement objects of a string (one requirement, or several separated by spaces), an object, or a list."""
    if isinstance(reqs, str):
        try:
            return [Requirement(reqs)]
        except InvalidRequirement:
            return [Requirement(text) for text in reqs.split()]
    if isinstance(reqs, Requirement):
        return [reqs]
    if isinstance(reqs, list):
        return [Requirement(item) if isinstance(item, str) else item for item in reqs]
    raise TypeError(f"Expected str, Requirement, or list, got {type(reqs).__name__}")


def _is_satisfied(requirement, seen):
    if requirement.marker is not None and not requirement.marker.evaluate(default_environment()):
        return True
    key = canonicalize_name(requirement.name), frozenset(requirement.extras)
    if key in seen:
        return True
    seen.add(key)
    try:
        installed = importlib.metadata.version(requirement.name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return installed in requirement.specifier and all(_is_satisfied(needed, seen) for needed in _of_extras(requirement))


def _of_extras(requirement):
    """What the extras of a requirement need, without the markers that say so."""
    return _needed(tuple(importlib.metadata.requires(requirement.name) or ()), frozenset(requirement.extras))


@functools.cache
def _needed(texts, extras):
    found = []
    for needed in map(Requirement, texts):
        if needed.marker is not None and any(needed.marker.evaluate({**default_environment(), "extra": extra})
                                             for extra in extras):
            needed.marker = None
            found.append(needed)
    return found
