"""Results in the MRML scene: tables that Slicer's own modules show, save and export."""
from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import slicer
import vtk
from slicer.i18n import tr as _

from ..presentation.result_columns import RESULT_COLUMNS

#: attributes of a table node: which result it is, what else belongs to it, which columns of texts are numbers, and its form
_RESULT, _FACTS, _NUMBERS = "TumorConnectome.Result", "TumorConnectome.Facts", "TumorConnectome.Numbers"
_FORM = "TumorConnectome.Form"
#: raise it when a column of a result gets another name or meaning: results in older scenes have to be made anew
_VERSION = 2
#: begins the names of tables and charts
PREFIX = "TumorConnectome"
#: significant digits of numbers in a column of texts: those of numbers that Slicer shows and saves
_DIGITS = 6


def write_result(kind: str, columns: Sequence[str], rows: Sequence[Sequence], facts: Mapping) -> slicer.vtkMRMLTableNode:
    """Put a table into the scene; it takes the place of the former one of this kind.

    Parameters
    ----------
    kind : str
        "retrieval", ...: part of the node's name.
    columns : sequence of str
    rows : sequence of sequence
        Texts, numbers, or None. A column of whole numbers becomes one of int, other numbers float64; see `fill_table` for
        those where some are missing.
    facts : mapping
        What else belongs to the result; anything JSON can hold.
    """
    node = find_result(kind) or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", f"{PREFIX}: {kind}")
    fill_table(node, columns, [[row[place] for row in rows] for place in range(len(columns))])
    node.SetAttribute(_RESULT, kind)
    node.SetAttribute(_FACTS, json.dumps(facts))
    node.SetAttribute(_FORM, json.dumps([_VERSION, *columns]))
    return node


def find_result(kind: str) -> slicer.vtkMRMLTableNode | None:
    """The table of a result, the last one if a scene was added to another; None when there is none."""
    return next(iter(reversed(nodes_with("vtkMRMLTableNode", _RESULT, kind))), None)


def read_result(node) -> tuple[list[dict], dict]:
    """Rows by column names and facts of a table node; missing numbers are NaN. Facts of other programs are left out.

    A table of another version, or whose columns somebody else changed, has no rows: nobody knows what they mean.
    """
    table = node.GetTable()
    columns = [table.GetColumn(place) for place in range(table.GetNumberOfColumns())]
    if [_VERSION, *(column.GetName() for column in columns)] != _content(node, _FORM, list):
        return [], _content(node, _FACTS, dict)
    numbers = _content(node, _NUMBERS, list)
    values = {column.GetName(): [column.GetValue(row) for row in range(table.GetNumberOfRows())] for column in columns}
    values = {name: list(map(_number, one)) if name in numbers else one for name, one in values.items()}
    records = [{name: one[row] for name, one in values.items()} for row in range(table.GetNumberOfRows())]
    return records, _content(node, _FACTS, dict)


def _content(node, attribute, kind):
    """The list or dict in an attribute, an empty one when there is none."""
    try:
        content = json.loads(node.GetAttribute(attribute) or "null")
    except ValueError:
        content = None
    return content if isinstance(content, kind) else kind()


def nodes_with(type_name: str, attribute: str, value: str) -> list:
    """Nodes of a class with a value of an attribute, in the order of the scene."""
    return [node for node in slicer.util.getNodesByClass(type_name) if node.GetAttribute(attribute) == value]


def fill_table(node, columns: Sequence[str], values: Sequence[Sequence], blank: bool = True) -> None:
    """Replace all columns of a table node.

    Parameters
    ----------
    node : vtkMRMLTableNode
    columns : sequence of str
    values : sequence of sequence
        Of each column; None or NaN is missing.
    blank : bool
        Columns of numbers some of which are missing become texts with empty cells: Slicer's table view prints a NaN as
        "nan", and a VTK array of numbers has no other missing value. False: they stay numbers with NaN, as plots need them.
    """
    modifying, numbers = node.StartModify(), []
    try:
        node.RemoveAllColumns()
        for name, column in zip(columns, values):
            column = [None if isinstance(value, float) and math.isnan(value) else value for value in column]
            if blank and None in column and not any(isinstance(value, str) for value in column):
                numbers.append(name)
                column = ["" if value is None else f"{value:.{_DIGITS}g}" for value in column]
            array = _array(column)
            array.SetName(name)
            node.AddColumn(array)
            _describe(node, name)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)                            # results are not edited by hand
        node.SetAttribute(_NUMBERS, json.dumps(numbers))
    finally:
        node.EndModify(modifying)


def _describe(node, name):
    """What the header of a column says, and its tool tip."""
    column = RESULT_COLUMNS.get(name)
    if column is not None:
        node.SetColumnTitle(name, _(column.title))
        node.SetColumnDescription(name, _(column.note))


def _array(values):
    """A typed VTK array of these values."""
    known = [value for value in values if value is not None]
    if any(isinstance(value, str) for value in known):
        array, values = vtk.vtkStringArray(), ["" if value is None else str(value) for value in values]
    elif len(known) == len(values) and all(isinstance(value, int) for value in known):
        array = vtk.vtkIntArray()
    else:
        array, values = vtk.vtkDoubleArray(), [math.nan if value is None else float(value) for value in values]
    for value in values:
        array.InsertNextValue(value)
    return array


def _number(text):
    """The number of a cell; NaN where it is empty, as the text says it where somebody else wrote something there."""
    if not isinstance(text, str):
        return text
    try:
        return float(text) if text else math.nan
    except ValueError:
        return text
