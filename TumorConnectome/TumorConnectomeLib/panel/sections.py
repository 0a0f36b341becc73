"""The sections of the panel, each in a .ui file of its own."""
import slicer

#: in the order in which the panel shows them; `UI/Section<name>.ui`
SECTIONS = ("Cohort", "Connectome", "Patient", "Images", "Compare", "Measurements", "Filters", "Group", "Query", "Evaluate",
            "Study", "Export")


def load_sections(panelWidget, resourcePath):
    """Load every section below the banner of the panel.

    Parameters
    ----------
    panelWidget : QWidget
        Loaded from ``UI/TumorConnectome.ui``: the banner on top, a spacer at the end.
    resourcePath : callable
        Full path of a file in the module's Resources.
    """
    layout = panelWidget.layout()
    for name in SECTIONS:
        layout.insertWidget(layout.count() - 1, slicer.util.loadUI(resourcePath(f"UI/Section{name}.ui")))
