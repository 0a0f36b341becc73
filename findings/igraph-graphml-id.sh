#!/bin/sh
# igraph 1.0.0: a node attribute called "id" of a GraphML file takes the place of the nodes' own ids.
#
# Expected: <node id="P000"> is known by its id after reading, and an attribute "id" of the table stands beside it.
# Seen: vs["id"] holds the attribute's values; the ids of the nodes are gone. networkx keeps both.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet igraph==1.0.0 networkx==3.6.1
cat > "$folder/graph.graphml" <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
 <key id="k0" for="node" attr.name="id" attr.type="string"/>
 <graph id="g" edgedefault="directed">
  <node id="P000"><data key="k0">first</data></node>
  <node id="P001"><data key="k0">second</data></node>
  <edge source="P000" target="P001"/>
 </graph>
</graphml>
XML
"$folder/venv/bin/python" - "$folder/graph.graphml" <<'PYTHON'
import sys

import igraph
import networkx

read = igraph.Graph.Read_GraphML(sys.argv[1])
other = networkx.read_graphml(sys.argv[1])
print("igraph", igraph.__version__, "vertex attributes:", {name: read.vs[name] for name in read.vs.attributes()})
print("networkx", networkx.__version__, "nodes:", dict(other.nodes(data=True)))
assert read.vs["id"] == ["first", "second"] and not any("P000" in read.vs[name] for name in read.vs.attributes())
assert dict(other.nodes(data=True)) == {"P000": {"id": "first"}, "P001": {"id": "second"}}
PYTHON
