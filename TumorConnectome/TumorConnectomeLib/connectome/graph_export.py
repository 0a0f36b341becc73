"""The connectome as text for other programs: GraphML, and tables of neighbors and layout as CSV."""
from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

import numpy as np

from ..base.errors import InputError
from ..cohort.cohort import Cohort
from .connectome import Connectome

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"
#: characters that XML 1.0 can not contain
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: what a parser would change in an attribute
_IN_ATTRIBUTES = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}
#: in a cell of a CSV file these need quotes around it
_QUOTED = re.compile('[,"\r\n]')
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
    facts = {"cohort": cohort.name, "synthetic": str(cohort.synthetic).lower(), "model": connectome.model,
             "match": connectome.match.value, "distance": connectome.distance}
    keys = [(f"n{number}", "node", name, kind) for number, (name, kind, _) in enumerate(columns)]
    keys += [(f"e{number}", "edge", name, kind) for number, (name, kind) in enumerate(_EDGE_COLUMNS)]
    keys += [(f"g_{name}", "graph", name, "string") for name in facts]
    ids = [_attribute(patient) for patient in connectome.patient_ids]
    nodes = [f"<node id={patient}" for patient in ids]
    edges = [f"<edge source={ids[source]} target={ids[target]}"
             for source, target in zip(connectome.sources.tolist(), connectome.targets.tolist())]
    return "".join([
        '<?xml version="1.0" encoding="UTF-8"?>\n', f'<graphml xmlns="{_NAMESPACE}">\n',
        *(f' <key id="{key}" for="{part}" attr.name={_attribute(name)} attr.type="{kind}" />\n'
          for key, part, name, kind in keys),
        ' <graph id="connectome" edgedefault="directed">\n',
        *(f'  <data key="g_{name}">{_content(value)}</data>\n' for name, value in facts.items()),
        *_elements("node", nodes, [_contents(kind, values) for _, kind, values in columns]),
        *_elements("edge", edges, [_contents(kind, values) for kind, values in _edge_values(connectome)]),
        " </graph>\n</graphml>\n"])


def _elements(name, heads, columns):
    """Nodes or edges as text, from the beginnings of their tags and what is known of each, column by column."""
    data = [[f'   <data key="{name[0]}{number}">{text}</data>\n' if text else "" for text in texts]
            for number, texts in enumerate(columns)]
    for head, parts in zip(heads, map("".join, zip(*data))):
        yield f"  {head}>\n{parts}  </{name}>\n" if parts else f"  {head} />\n"


def _contents(kind, values):
    """The values of a column as contents of elements; numbers have nothing to escape, and most words come often."""
    texts = _texts(kind, values)
    if kind != "string":
        return texts
    contents = {text: _content(text) for text in set(texts)}
    return [contents[text] for text in texts]


def neighbors_csv(connectome: Connectome, patients: Sequence[str] = ()) -> str:
    """One line per edge, by patient and rank, with a line of column names (NEIGHBOR_COLUMNS), as the command line writes it.

    The column of distances is named after what they are. With the PatientID of each node in `patients`, and some patient at
    several nodes, there is a column SAME_PATIENT.
    """
    repeated = len(set(patients)) < len(patients)
    names = {"cosine_distance": connectome.distance.replace(" ", "_")}
    lines = [(*(names.get(name, name) for name in NEIGHBOR_COLUMNS), *([SAME_PATIENT] if repeated else []))]
    order = np.lexsort((connectome.ranks, connectome.sources))
    sources, targets = (ends[order].tolist() for ends in (connectome.sources, connectome.targets))
    cells = [_cell(patient) for patient in connectome.patient_ids]
    columns = [itertools.repeat(f"{_cell(connectome.model)},{connectome.match.value}"), (cells[node] for node in sources),
               map(str, connectome.ranks[order].tolist()), (cells[node] for node in targets),
               *(map(repr, values[order].tolist()) for values in (connectome.distances, connectome.percentiles))]
    if repeated:
        columns.append("01"[patients[source] == patients[target]] for source, target in zip(sources, targets))
    return _csv(lines) + "".join(f"{line}\n" for line in map(",".join, zip(*columns)))


def layout_csv(connectome: Connectome, cohort: Cohort) -> str:
    """One line per patient: layout coordinates, degrees and the category of every facet, with a line of column names.

    Raises
    ------
    InputError
        The connectome has other patients than the cohort.
    """
    columns = _layout_columns(connectome) + _facet_columns(_rows(connectome, cohort), cohort)
    return _table(connectome.patient_ids, columns)


def patients_csv(cohort: Cohort, patient_ids: Iterable[str]) -> str:
    """One line per patient of a group: the patient table and the category of every facet, with a line of column names."""
    rows = np.array([cohort.row_of(patient) for patient in patient_ids], np.int64)
    columns = _table_columns(rows, cohort, set()) + _facet_columns(rows, cohort)
    return _table([cohort.patient_ids[row] for row in rows], columns)


def _table(patients, columns):
    return _csv([("PatientID", *(name for name, _, _ in columns)),
                 *zip(patients, *(_texts(kind, values) for _, kind, values in columns))])


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
    place = cohort.rows
    missing = next((patient for patient in connectome.patient_ids if patient not in place), None)
    if missing is not None:
        raise InputError(f"patient {missing} of the connectome is not in the cohort", source=cohort.name,
                         expected="the cohort of which the connectome was made")
    return np.array([place[patient] for patient in connectome.patient_ids], np.int64)


def _edge_values(connectome):
    values = {name: getattr(connectome, f"{name}s") for name, _kind in _EDGE_COLUMNS}
    return [(kind, np.maximum(values[name], _SMALLEST_WEIGHT) if name == "weight" else values[name])
            for name, kind in _EDGE_COLUMNS]


def _cell(text):
    """Text as `csv` writes it: in quotes if it has to be."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def _texts(kind, values):
    """The values of a column as texts; empty when unknown."""
    known = values.tolist()
    if kind == "double":
        return [repr(value) if finite else "" for value, finite in zip(known, np.isfinite(values).tolist())]
    if kind in ("int", "long"):                         # whole numbers that a column with gaps holds as float
        return ["" if value is None or value != value else str(int(value)) for value in known]
    if kind == "boolean":
        return [str(value).lower() for value in known]
    return ["" if value is None or value != value else str(value) for value in known]


def _attribute(text):
    """Text as the value of an attribute, in quotes."""
    return '"' + escape(_text(text), _IN_ATTRIBUTES) + '"'


def _content(text):
    return escape(_text(text), {"\r": "&#13;"})


def _text(text):
    return _NOT_XML.sub("\ufffd", str(text))


def _csv(lines):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(lines)
    return stream.getvalue()
