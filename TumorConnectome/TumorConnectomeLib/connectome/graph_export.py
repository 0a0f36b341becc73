"""The connectome as text for other programs: GraphML, and tables of neighbors and layout as CSV."""
from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .connectome import Connectome

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
#: characters that XML 1.0 can not contain
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EDGE_COLUMNS = (("rank", "int"), ("distance", "double"), ("percentile", "double"), ("weight", "double"))
#: the smallest weight of an edge: readers of GraphML drop edges of weight 0, and logarithms of it end a layout
_SMALLEST_WEIGHT = 1e-6
#: node attributes that programs use themselves: igraph takes "id" for the node's name (and so a column of that name instead)
_RESERVED = {"id", "name", "label", "PatientID"}
#: columns of a table of neighbor lists
NEIGHBOR_COLUMNS = ("model", "match", "PatientID", "rank", "MatchPatientID", "cosine_distance", "percentile")
#: one more where a patient has several nodes: 1 if both are of one patient
SAME_PATIENT = "same_patient"


def graphml(connectome: Connectome, cohort: Cohort) -> str:
    """The directed graph as a GraphML document, readable by networkx, igraph, Gephi and Cytoscape.

    Nodes have their PatientID, layout coordinates, degrees, the columns of the patient table (numbers are numbers, whole ones
    "long"), and per facet the category as ``KEY_group``; columns with a name that programs use get the prefix ``patient_``.
    Edges have rank, distance, percentile and drawing weight (above 0). Unknown values are left out.

    Raises
    ------
    InputError
        The connectome has other patients than the cohort.
    """
    columns = [("PatientID", "string", np.array(connectome.patient_ids, object)), *_layout_columns(connectome),
               *_patient_columns(connectome, cohort, _RESERVED)]
    root = ElementTree.Element("graphml", xmlns=_NAMESPACE)
    for number, (name, kind, _) in enumerate(columns):
        ElementTree.SubElement(root, "key", {"id": f"n{number}", "for": "node", "attr.name": _text(name), "attr.type": kind})
    for number, (name, kind) in enumerate(_EDGE_COLUMNS):
        ElementTree.SubElement(root, "key", {"id": f"e{number}", "for": "edge", "attr.name": name, "attr.type": kind})
    facts = {"cohort": cohort.name, "synthetic": str(cohort.synthetic).lower(), "model": connectome.model,
             "match": connectome.match.value, "distance": connectome.distance}
    for name in facts:
        ElementTree.SubElement(root, "key", {"id": f"g_{name}", "for": "graph", "attr.name": name, "attr.type": "string"})
    graph = ElementTree.SubElement(root, "graph", {"id": "connectome", "edgedefault": "directed"})
    for name, value in facts.items():
        ElementTree.SubElement(graph, "data", {"key": f"g_{name}"}).text = _text(value)
    for node, patient in enumerate(connectome.patient_ids):
        element = ElementTree.SubElement(graph, "node", {"id": _text(patient)})
        for number, (_, kind, values) in enumerate(columns):
            _add_data(element, f"n{number}", kind, values[node])
    for edge, (source, target) in enumerate(zip(connectome.sources, connectome.targets)):
        ends = {"source": _text(connectome.patient_ids[source]), "target": _text(connectome.patient_ids[target])}
        element = ElementTree.SubElement(graph, "edge", ends)
        for number, (kind, values) in enumerate(_edge_values(connectome)):
            _add_data(element, f"e{number}", kind, values[edge])
    ElementTree.indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def neighbors_csv(connectome: Connectome, patients: Sequence[str] = ()) -> str:
    """One line per edge, by patient and rank, with a line of column names (NEIGHBOR_COLUMNS), as the command line writes it.

    The column of distances is named after what they are. With the PatientID of each node in `patients`, and some patient at
    several nodes, there is a column SAME_PATIENT.
    """
    repeated = len(set(patients)) < len(patients)
    names = {"cosine_distance": connectome.distance.replace(" ", "_")}
    lines = [(*(names.get(name, name) for name in NEIGHBOR_COLUMNS), *([SAME_PATIENT] if repeated else []))]
    order = np.lexsort((connectome.ranks, connectome.sources))
    for edge in order.tolist():
        source, target = connectome.sources[edge], connectome.targets[edge]
        same = [int(patients[source] == patients[target])] if repeated else []
        lines.append((connectome.model, connectome.match.value, connectome.patient_ids[source], int(connectome.ranks[edge]),
                      connectome.patient_ids[target], repr(float(connectome.distances[edge])),
                      repr(float(connectome.percentiles[edge])), *same))
    return _csv(lines)


def layout_csv(connectome: Connectome, cohort: Cohort) -> str:
    """One line per patient: layout coordinates, degrees and the category of every facet, with a line of column names.

    Raises
    ------
    InputError
        The connectome has other patients than the cohort.
    """
    columns = _layout_columns(connectome) + _facet_columns(_rows(connectome, cohort), cohort)
    lines = [("PatientID", *(name for name, _, _ in columns))]
    for node, patient in enumerate(connectome.patient_ids):
        lines.append((patient, *(_plain(kind, values[node]) for _, kind, values in columns)))
    return _csv(lines)


def patients_csv(cohort: Cohort, patient_ids: Iterable[str]) -> str:
    """One line per patient of a group: the patient table and the category of every facet, with a line of column names."""
    rows = np.array([cohort.row_of(patient) for patient in patient_ids], np.int64)
    columns = _table_columns(rows, cohort, set()) + _facet_columns(rows, cohort)
    lines = [("PatientID", *(name for name, _, _ in columns))]
    for number, row in enumerate(rows):
        lines.append((cohort.patient_ids[row], *(_plain(kind, values[number]) for _, kind, values in columns)))
    return _csv(lines)


def _layout_columns(connectome):
    """(name, GraphML type, values) of what the connectome tells about nodes."""
    return [("x", "double", connectome.positions[:, 0]), ("y", "double", connectome.positions[:, 1]),
            ("out_degree", "int", connectome.out_degree), ("in_degree", "int", connectome.in_degree)]


def _patient_columns(connectome, cohort, reserved=frozenset()):
    rows = _rows(connectome, cohort)
    taken = {"x", "y", "out_degree", "in_degree"} | reserved | {f"{key}_group" for key in cohort.facets}
    return _table_columns(rows, cohort, taken) + _facet_columns(rows, cohort)


def _table_columns(rows, cohort, taken):
    """The patient table's columns; names in `taken` get a prefix."""
    columns = []
    for name in map(str, cohort.patients.columns):
        values = cohort.patients[name].to_numpy()[rows]
        kind = {"f": "double", "i": "long", "u": "long", "b": "boolean"}.get(values.dtype.kind, "string")
        if kind == "double" and _are_whole(cohort.patients[name].to_numpy()):
            kind = "long"
        shown = next(text for text in (name, f"patient_{name}", *(f"patient_{name}_{number}" for number in range(2, 999)))
                     if text not in taken)
        taken = taken | {shown}
        columns.append((shown, kind, values))
    return columns


def _are_whole(values):
    known = values[~np.isnan(values)]
    return bool(known.size and (known == np.round(known)).all() and np.abs(known).max() < 2 ** 53)


def _facet_columns(rows, cohort):
    return [(f"{facet.key}_group", "string", np.array(facet.categories, object)[facet.codes[rows]])
            for facet in cohort.facets.values()]


def _rows(connectome, cohort):
    """Row of each node in the cohort."""
    place = {patient: row for row, patient in enumerate(cohort.patient_ids)}
    missing = next((patient for patient in connectome.patient_ids if patient not in place), None)
    if missing is not None:
        raise InputError(f"patient {missing} of the connectome is not in the cohort", source=cohort.name,
                         expected="the cohort of which the connectome was made")
    return np.array([place[patient] for patient in connectome.patient_ids], np.int64)


def _edge_values(connectome):
    values = {name: getattr(connectome, f"{name}s") for name, _kind in _EDGE_COLUMNS}
    return [(kind, np.maximum(values[name], _SMALLEST_WEIGHT) if name == "weight" else values[name])
            for name, kind in _EDGE_COLUMNS]


def _add_data(element, key, kind, value):
    text = _plain(kind, value)
    if text:
        ElementTree.SubElement(element, "data", {"key": key}).text = _text(text)


def _plain(kind, value):
    """A value as text; empty when it is unknown."""
    if value is None or value != value:
        return ""
    if kind == "double":
        return repr(float(value)) if np.isfinite(value) else ""
    if kind in ("int", "long"):
        return str(int(value))
    return str(bool(value)).lower() if kind == "boolean" else str(value)


def _text(text):
    return _NOT_XML.sub("\ufffd", str(text))


def _csv(lines):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()
