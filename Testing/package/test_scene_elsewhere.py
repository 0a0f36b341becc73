"""A saved scene with two patients and an evaluation opens in a fresh process with everything in place."""
import json

import numpy as np
from slicer_package import run_python

#: what a person sees of the module's state and of the scene, as JSON
_SUMMARY = """
import json, sys
import numpy as np
from module_session import ModuleSession
session = ModuleSession(size=(1200, 800))
import slicer
panel = lambda: session.panel

def summary():
    panel_, found = session.panel, {}
    p = panel_.parameters
    found["state"] = {name: str(getattr(p, name)) for name in ("dataFolder", "model", "match", "neighborCount", "facet",
        "selectedPatient", "comparedPatient", "evaluation", "group", "hiddenCategories")}
    found["shown"] = {place: [nodes.patient_id, nodes.volume.GetImageData().GetDimensions(),
                              int(slicer.util.arrayFromVolume(nodes.volume).astype(np.int64).sum()),
                              [[round(x, 3) for x in lesion.GetSize()] for lesion in nodes.lesions], len(nodes.findings)]
                      for place, nodes in sorted(panel_.imaging.shown.items())}
    found["backgrounds"] = {name: node.GetName() if node else None for place in sorted(panel_.imaging.shown)
        for name in [f"Tumor{place}Axial"] for widget in [slicer.app.layoutManager().sliceWidget(name)]
        for node in [slicer.mrmlScene.GetNodeByID(widget.sliceLogic().GetSliceCompositeNode().GetBackgroundVolumeID() or "")]}
    heat = panel_.evaluate.heatMap.heatMap
    found["heat map"], found["figures"] = heat and heat.title, heat and np.nan_to_num(heat.values).tolist()
    found["tables"] = {node.GetName(): [node.GetNumberOfColumns(), node.GetNumberOfRows()]
                       for node in slicer.util.getNodesByClass("vtkMRMLTableNode")}
    found["plots"] = sorted(node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLPlotChartNode"))
    found["layout"] = slicer.app.layoutManager().layout
    found["graph"] = [panel_.view.selected, panel_.view.compared, len(panel_.state.connectome.sources)]
    return found
"""
_SAVE = _SUMMARY + """
from TumorConnectomeLib.neighbors.match import Match
from TumorConnectomeLib.presentation.result_maps import ResultKind
cohort = session.load_cohort()
panel().set(model=cohort.models[1], neighborCount=3, facet="stage", match=Match.LEAST)
patient = cohort.patient_ids[2]
panel().select(patient)
session.show_images(patient, panel().ui.neighborsTable.item(0, 1).text())
panel().set(evaluation=ResultKind.HUBS, group=json.dumps(list(cohort.patient_ids[:3])))
panel().ui.evaluateButton.click()
session.wait(lambda: not panel().evaluate.busy)
session.settle()
assert slicer.util.saveScene(sys.argv[1])
print("SUMMARY " + json.dumps(summary()))
"""
_LOAD = _SUMMARY + """
slicer.util.loadScene(sys.argv[1])
session.wait(lambda: not panel().cohort.loader.busy and not panel().imaging.busy and panel().imaging.shown)
session.settle()
print("SUMMARY " + json.dumps(summary()))
"""


def summary_of(process):
    lines = [line for line in process.stdout.splitlines() if line.startswith("SUMMARY ")]
    assert process.returncode == 0 and lines, process.stderr[-3000:]
    return json.loads(lines[0].removeprefix("SUMMARY "))


def test_scene_opens_in_a_fresh_process_with_everything_in_place(tmp_path):
    path = tmp_path / "two patients.mrb"
    saved = summary_of(run_python(_SAVE, path))
    assert len(saved["shown"]) == 2 and saved["heat map"] and saved["tables"] and saved["plots"]
    loaded = summary_of(run_python(_LOAD, path))
    # Slicer writes the numbers of tables with six digits
    np.testing.assert_allclose(loaded.pop("figures"), saved.pop("figures"), rtol=1e-5)
    assert loaded == saved
