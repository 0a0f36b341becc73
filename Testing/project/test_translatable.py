"""Whatever the module shows can be translated: strings go through `_()`, as constants that a tool can collect."""
import ast
import re

import pytest
from test_architecture import FILES, dotted, room_of, where

#: attributes and calls that show their string to the user
SHOWN_ATTRIBUTES = {"text", "toolTip", "title", "placeholderText", "accessibleName", "windowTitle", "statusTip", "whatsThis"}
SHOWN_CALLS = {"setText", "setToolTip", "setTitle", "setWindowTitle", "setPlaceholderText", "addItem", "addItems", "setHtml",
               "setHorizontalHeaderLabels", "done", "tryWithErrorDisplay", "addAction", "setAccessibleName", "PythonJob"}
#: errors of the module itself; those of the layers below are technical, and stay in English as in Slicer's own log
ERRORS = {"InputError", "NotAvailable", "TumorConnectomeError", "PackageMissing"}
#: calls whose texts nobody sees: the program compares them, or they name something
NOT_SHOWN = {"removeprefix", "removesuffix", "startswith", "endswith", "split", "connect", "compile", "setProperty", "getattr",
             "setattr", "info", "debug", "warning", "_node"}
_WORD = re.compile(r"[A-Za-z]{2,}")
_MARKUP = re.compile(r"<[^<>]*>|\{[^{}]*\}|&\w+;|\.[a-z]+\b|-{2}\w+|https?://\S+")


def words(node):
    """Whether an expression is a string with words in it, besides markup: those that a translator would want."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(_WORD.search(_MARKUP.sub(" ", node.value)))
    if isinstance(node, ast.JoinedStr):
        text = "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        return bool(_WORD.search(_MARKUP.sub(" ", text)))
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(words(item) for item in node.elts)
    if isinstance(node, ast.BinOp):
        return words(node.left) or words(node.right)
    if isinstance(node, ast.IfExp):
        return words(node.body) or words(node.orelse)
    return False


def untranslated(tree, calls=frozenset(SHOWN_CALLS | ERRORS)):
    """(line, text) of strings with words that are shown without `_()`."""
    for node in ast.walk(tree):
        shown = []
        if isinstance(node, ast.Assign):
            targets = {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
            shown = [node.value] if targets & SHOWN_ATTRIBUTES else []
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in calls:
                shown = node.args[:1] + [keyword.value for keyword in node.keywords if keyword.arg == "expected"]
        for value in shown:
            if words(value):
                yield value.lineno, ast.unparse(value)


_PROSE = re.compile(r"[A-Za-z]{2,}[,;:.]? +[A-Za-z]{2,}")


def _translated(node):
    """Whether a call is one of `_()`, `translate()` or `self._translate()`."""
    return isinstance(node, ast.Call) and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) in {
        "_", "translate", "_translate"}


def untranslated_on_the_way(tree):
    """(line, text) of what a function says without `_()`, wherever it goes from there: into a variable, a list, a result.

    That is prose (two words in a row), a word with a value beside it (``f"Repair: {name}"``), and titles of the rooms without
    Slicer (``kind.label()``). Docstrings, errors that are raised and asserted, and texts that are only compared are no prose.
    """
    found = []

    def visit(node, inside):
        if _translated(node) or isinstance(node, (ast.Raise, ast.Assert, ast.Compare)):
            return
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
            if name in NOT_SHOWN:
                return
            if name == "label" and not node.args and inside:
                found.append((node.lineno, ast.unparse(node)))
        if getattr(node, "name", "") == "label":            # titles, which are translated where they are shown
            return
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            inside = True
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and isinstance(node.body[0], ast.Expr):
            children = [child for child in ast.iter_child_nodes(node) if child is not node.body[0]]
        else:
            children = ast.iter_child_nodes(node)
        if inside and _says(node):
            found.append((node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.Dict):                # keys are for the program
            for value in node.values:
                visit(value, inside)
        else:
            for child in children:
                if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):      # was looked at as a whole
                    visit(child, inside)

    visit(tree, False)
    return found


def _says(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(_PROSE.search(_MARKUP.sub("\0", node.value)))
    if not isinstance(node, ast.JoinedStr):
        return False
    texts = [part.value for part in node.values if isinstance(part, ast.Constant)]
    text = _MARKUP.sub("\0", "\0".join(texts))
    return bool(_PROSE.search(text) or re.search(r"^[A-Z][a-z]+[ :]", text))


def unusable(tree):
    """(line, text) of arguments of `_()` that a tool which collects strings can not read, or that are put together."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            for argument in node.args:
                if isinstance(argument, (ast.JoinedStr, ast.BinOp)) or isinstance(argument, ast.Call) and \
                        isinstance(argument.func, ast.Attribute) and argument.func.attr == "format":
                    yield node.lineno, ast.unparse(argument)


def test_the_checks_find_what_they_look_for():
    tree = ast.parse("""
label.text = "Load cohort"
label.text = f"{n} patients"
label.text = _("{n} patients").format(n=n)
label.text = f"<b>{name}</b>"
box.addItems(["Mean", "Median"])
raise InputError(_("no cohort"), expected="a cohort")
label.text = _(f"{n} patients")
label.text = _("{n}" + name)
label.text = _(title)
""")
    assert [line for line, _text in untranslated(tree)] == [2, 3, 6, 7]
    assert [line for line, _text in unusable(tree)] == [8, 9]


def test_what_a_function_says_is_found_wherever_it_goes():
    tree = ast.parse('''
CONSTANT = "Two words are translated where they are shown"
def sequence(repair, n):
    """A docstring is no text."""
    title = f"Repair: {repair.meaning()}" if n else f"Consensus of {n} models"
    yield PythonJob(title, "derive")
    parts = ["Not translated", _("Translated text")]
    parts.append(self._translate("Another text").format(n=n))
    name = kind.label()
    shown = _(kind.label())
    if text == "two words" or text.removeprefix("no images"):
        raise ValueError(f"two words {n}")
    return {"a key": f"{n} mm"}, f"<b>{name}</b>", lambda row: f"{n} of {row.all} models list it"
''')
    assert [line for line, _text in untranslated_on_the_way(tree)] == [5, 5, 7, 9, 13]


@pytest.mark.parametrize("path", [path for path in FILES if room_of(dotted(path)) in ("panel", "widgets")
                                  and "self_tests" not in path.parts], ids=lambda path: path.name)
def test_strings_that_are_shown_can_be_translated(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = SHOWN_CALLS if room_of(dotted(path)) == "widgets" else SHOWN_CALLS | ERRORS
    assert [f"{where(path, line)}: {text}" for line, text in untranslated(tree, calls)] == []
    assert [f"{where(path, line)}: {text}" for line, text in untranslated_on_the_way(tree)] == []
    assert [f"{where(path, line)}: {text}" for line, text in unusable(tree)] == []
