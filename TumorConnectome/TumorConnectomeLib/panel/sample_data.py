"""The cohorts in Slicer's module Sample Data: a click there opens this module and loads them."""
from __future__ import annotations

import pathlib

import slicer
from slicer.i18n import tr as _

from ..cohort.nlst import published_cohort

CATEGORY = "TumorConnectome"
DEMO, PUBLISHED = "TumorConnectomeDemo", "TumorConnectomeNLSTSybil"


def register_sample_data(resourcePath):
    """Offer the published cohort and the demo cohort; called once Slicer has started.

    Scripts that ask Sample Data for the published cohort (``SampleData.downloadSamples``) get its nine files.

    Parameters
    ----------
    resourcePath : callable
        Full path of a file in the module's Resources.
    """
    import SampleData

    logic, cohort = SampleData.SampleDataLogic, published_cohort()
    if hasattr(logic, "registerCustomSampleDataCategory"):          # not in Slicer 5.12
        logic.registerCustomSampleDataCategory(CATEGORY, title=_("Tumor Connectome"))
    logic.registerCustomSampleDataSource(
        category=CATEGORY, sampleName=PUBLISHED, thumbnailFileName=resourcePath("Icons/PublishedCohort.png"),
        uris=[cohort.base + file.path for file in cohort.files], fileNames=[file.name for file in cohort.files],
        checksums=[f"SHA256:{file.sha256}" if file.sha256 else None for file in cohort.files],
        loadFiles=[False] * len(cohort.files), customDownloader=lambda source: _panel().cohort.getPublished())
    # Sample Data wants an address of everything; the demo cohort is made on this computer
    help_page = pathlib.Path(resourcePath("Help/HowToRead.html"))
    logic.registerCustomSampleDataSource(
        category=CATEGORY, sampleName=DEMO, thumbnailFileName=resourcePath("Icons/DemoCohort.png"), uris=help_page.as_uri(),
        fileNames=f"{CATEGORY}{help_page.name}", loadFiles=False, customDownloader=lambda source: _panel().cohort.loadDemo())


def _panel():
    """The panel of the module, opened."""
    slicer.util.selectModule("TumorConnectome")
    return slicer.modules.TumorConnectomeWidget.panel
