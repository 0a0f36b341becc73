"""The descriptions of the main window's layouts."""
import pathlib
from xml.etree import ElementTree

LAYOUTS = pathlib.Path(__file__).parents[2] / "TumorConnectome/Resources/Layouts"


def test_all_views_of_patients_are_in_the_group_that_is_linked(host):
    from TumorConnectomeLib.scene.view_layouts import VIEW_GROUP

    views = [view for path in LAYOUTS.glob("*.xml") for view in ElementTree.parse(path).iter("view")
             if view.get("class") in ("vtkMRMLSliceNode", "vtkMRMLViewNode")]
    assert len(views) == 18
    assert {view.findtext("property[@name='viewgroup']") for view in views} == {str(VIEW_GROUP)}
