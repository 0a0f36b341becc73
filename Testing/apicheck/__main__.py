"""python -m apicheck FOLDER: one line for each name that Slicer does not have; the exit status is 1 if there is one."""
import ast
import gc
import pathlib
import sys

from .checks import FileCheck
from .types_of_names import Types
from .ui_files import complaints, widgets_of


def check_folder(folder):
    """Complaints about all .py and .ui files below a folder as lines "file:line: what", and how many names were looked up."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.py"))}
    ui_files = sorted(folder.rglob("*.ui"))
    types, lines, resolved = Types(trees, widgets_of(ui_files)), [], 0
    for path, tree in trees.items():
        check = FileCheck(types, types.scope(path))
        check.visit(tree)
        resolved += check.resolved
        lines += [f"{path.relative_to(folder)}:{line}: {text}" for line, text in sorted(set(check.found))]
    for path in ui_files:
        lines += [f"{path.relative_to(folder)}:{widget}: {text}" for widget, text in complaints(path)]
    return lines, resolved


if __name__ == "__main__":
    gc.disable()                                        # the syntax trees stay until the end
    complaints_found, names = check_folder(pathlib.Path(sys.argv[1]))
    for complaint in complaints_found:
        print(complaint)
    print(f"{names} names looked up", file=sys.stderr)
    sys.exit(bool(complaints_found))
