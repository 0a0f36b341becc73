"""Writes the lists of scripts and resources in TumorConnectome/CMakeLists.txt from the files in the tree.

A file that is not listed there is missing from the installed extension; a test compares the lists with the tree.
"""
import pathlib
import re

MODULE = pathlib.Path(__file__).resolve().parents[2] / "TumorConnectome"


def package_files():
    """Relative paths of (scripts, resources), sorted."""
    def listed(pattern):
        return [path.relative_to(MODULE).as_posix() for path in sorted(MODULE.glob(pattern)) if path.is_file()]

    return ["TumorConnectome.py", *listed("TumorConnectomeLib/**/*.py")], listed("Resources/**/*")


def with_lists(text, scripts, resources):
    """The CMake text with both lists replaced."""
    for variable, files in (("MODULE_PYTHON_SCRIPTS", scripts), ("MODULE_PYTHON_RESOURCES", resources)):
        listed = "".join(f"  {name}\n" for name in files)
        text = re.sub(rf"set\({variable}\n.*?\n  \)", lambda match, v=variable, t=listed: f"set({v}\n{t}  )", text, flags=re.S)
    return text


if __name__ == "__main__":
    path = MODULE / "CMakeLists.txt"
    path.write_text(with_lists(path.read_text(encoding="utf-8"), *package_files()), encoding="utf-8")
