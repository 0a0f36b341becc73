"""The connectome for other programs: GraphML, neighbor table and layout as CSV."""
import csv
import io
from xml.etree import ElementTree

import numpy as np
import pytest
from cohort_factory import cohort

from TumorConnectomeLib.base.errors import InputError
from TumorConnectomeLib.connectome.analysis import analyze, connectome
from TumorConnectomeLib.connectome.graph_export import graphml, layout_csv, neighbors_csv
from TumorConnectomeLib.neighbors.match import Match


def made(**columns):
    source = cohort(8, models=("A",), sex=["M", "F"] * 4, age=[60.0, float("nan"), 64.5, 70, 71, 72, 73, 74],
                    note=["a<b & \"c\"", "\x07bell", "", "d", "e", "f", "g", "h"], **columns)
    return source, connectome(source, analyze(source)["A"], "A", Match.MOST, 3)


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_networkx_reads_the_graphml_with_all_nodes_edges_and_values(tmp_path):
    networkx = pytest.importorskip("networkx")
    source, graph = made()
    path = tmp_path / "graph.graphml"
    path.write_text(graphml(graph, source), encoding="utf-8")
    read = networkx.read_graphml(path)
    assert read.is_directed() and not read.is_multigraph()
    assert tuple(read.nodes) == graph.patient_ids
    assert read.number_of_edges() == len(graph.sources) == 24
    for source_node, target, rank, distance in zip(graph.sources, graph.targets, graph.ranks, graph.distances):
        data = read.edges[graph.patient_ids[source_node], graph.patient_ids[target]]
        assert data["rank"] == rank and data["distance"] == distance
    node = read.nodes["P002"]
    assert (node["x"], node["y"]) == tuple(graph.positions[2])
    assert node["age"] == 64.5 and node["sex_group"] == "Male" and node["in_degree"] == graph.in_degree[2]
    assert "age" not in read.nodes["P001"] and "note" not in node            # unknown values are left out
    assert read.nodes["P000"]["note"] == "a<b & \"c\""
    assert read.graph == {"cohort": "Test", "synthetic": "true", "model": "A", "match": "most", "distance": "cosine distance",
                          "node_default": {}, "edge_default": {}}


def _written(tmp_path, k=7, **columns):
    source = cohort(8, models=("A",), **columns)
    path = tmp_path / "graph.graphml"
    path.write_text(graphml(connectome(source, analyze(source)["A"], "A", Match.LEAST, k), source), encoding="utf-8")
    return path


_OWN = {"id": list("stuvwxyz"), "name": list("abcdefgh"), "nodes": [3.0, 1.0, float("nan"), 0.0, 2.0, 5.0, 4.0, 6.0],
        "volume": [0.5, 1.25, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]}


def test_types_weights_and_names_are_what_networkx_expects(tmp_path):
    networkx = pytest.importorskip("networkx")
    read = networkx.read_graphml(_written(tmp_path, **_OWN))
    assert list(read.nodes) == [f"P{number:03d}" for number in range(8)]
    assert all(data["PatientID"] == node for node, data in read.nodes(data=True))
    assert read.nodes["P001"]["nodes"] == 1 and isinstance(read.nodes["P001"]["nodes"], int)
    assert read.nodes["P001"]["volume"] == 1.25 and "nodes" not in read.nodes["P002"]
    assert (read.nodes["P001"]["patient_id"], read.nodes["P001"]["patient_name"]) == ("t", "b")
    assert min(data["weight"] for *_ends, data in read.edges(data=True)) > 0


def test_igraph_keeps_the_names_of_nodes(tmp_path):
    igraph = pytest.importorskip("igraph")
    read = igraph.Graph.Read_GraphML(str(_written(tmp_path, **_OWN)))
    assert read.vs["id"] == read.vs["PatientID"] == [f"P{number:03d}" for number in range(8)]
    assert read.vs["patient_id"] == _OWN["id"] and read.vs["patient_name"] == _OWN["name"]
    assert read.vs["nodes"][:2] == [3, 1] and read.vs["volume"][1] == 1.25 and min(read.es["weight"]) > 0


def test_the_graphml_is_valid_xml_whatever_the_table_contains():
    source, graph = made()
    root = ElementTree.fromstring(graphml(graph, source))
    texts = [element.text for element in root.iter("{http://graphml.graphdrawing.org/xmlns}data")]
    assert "\ufffdbell" in texts


def test_a_column_named_like_a_coordinate_does_not_hide_it():
    source, graph = made(x=list("abcdefgh"))
    names = [key.get("attr.name") for key in ElementTree.fromstring(graphml(graph, source))
             if key.tag.endswith("key") and key.get("for") == "node"]
    assert len(names) == len(set(names)) and {"x", "patient_x"} <= set(names)


def test_the_neighbor_table_has_a_line_per_edge_by_patient_and_rank():
    _, graph = made()
    table = rows(neighbors_csv(graph))
    assert len(table) == 24 and [row["rank"] for row in table[:4]] == ["1", "2", "3", "1"]
    edge = np.flatnonzero((graph.sources == 4) & (graph.ranks == 2))[0]
    row = next(row for row in table if row["PatientID"] == "P004" and row["rank"] == "2")
    assert row["MatchPatientID"] == graph.patient_ids[graph.targets[edge]]
    assert float(row["cosine_distance"]) == graph.distances[edge]            # every digit is kept
    assert float(row["percentile"]) == graph.percentiles[edge]
    assert (row["model"], row["match"]) == ("A", "most")


def test_the_layout_table_has_a_line_per_patient():
    source, graph = made()
    table = rows(layout_csv(graph, source))
    assert [row["PatientID"] for row in table] == list(graph.patient_ids)
    assert [(float(row["x"]), float(row["y"])) for row in table] == [tuple(xy) for xy in graph.positions.tolist()]
    assert table[1]["age_group"] == "Unknown" and table[1]["sex_group"] == "Female"
    assert int(table[0]["out_degree"]) == 3


def test_a_connectome_of_other_patients_is_refused():
    _, graph = made()
    with pytest.raises(InputError, match="P003 of the connectome"):
        layout_csv(graph, cohort(3))
