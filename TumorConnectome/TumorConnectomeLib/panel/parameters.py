"""The module's state, saved with the scene."""
from enum import Enum
from typing import Annotated

from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from ..cohort.row_rules import RowRule
from ..connectome.analysis import KEPT_NEIGHBORS
from ..layout.maps import MapKind
from ..neighbors.match import Match
from ..neighbors.repairs import Repair
from ..presentation.result_maps import ResultKind
from ..scene.image_views import ImageViews
from ..study.design import Against


class Edges(Enum):
    """Which edges are drawn; the values are those of `ConnectomeView.setEdgeMode`."""

    ALL = "all"
    SELECTION = "selection"
    NONE = "none"

    def label(self) -> str:
        """What the interface shows."""
        return {"all": "All edges", "selection": "Edges of the selection", "none": "No edges (map)"}[self.value]


class NumberColors(Enum):
    """How a facet of numbers colors the patients."""

    CONTINUOUS = "continuous"
    STEPS = "steps"
    QUARTILES = "quartiles"

    def label(self) -> str:
        """What the interface shows."""
        return {"continuous": "Continuous", "steps": "Round steps", "quartiles": "Quartiles"}[self.value]


class StudyQueries(Enum):
    """Which patients are the queries of a reader study."""

    RANDOM = "random"
    STRATIFIED = "stratified"
    GROUP = "group"
    ALL = "all"

    def label(self) -> str:
        """What the interface shows."""
        return {"random": "Drawn at random", "stratified": "Drawn in proportion to a label", "group": "The group of the lasso",
                "all": "All patients"}[self.value]


@parameterNodeWrapper
class TumorConnectomeParameterNode:
    """All choices of the user.

    dataFolder - Folder of embedding files, or files with ";" between them; empty for the synthetic demo cohort.
    importChoices - JSON: how files are read whose columns are not clear (see sources.choices_to_text); empty for none.
    rowRule - What becomes of patients with several rows in the files.
    clinicalData - Whether IDC's clinical tables join the patient table.
    imageFolder - Local folder of DICOM files that is searched before IDC; empty for none.
    model - Embedding model; empty for the first one of the cohort.
    match - Most or least similar patients.
    neighborCount - Neighbors per patient.
    facet - Key of the facet that colors the patients.
    numberColors - How numbers, such as age, color the patients.
    hiddenCategories - JSON list: categories of that facet whose patients are greyed.
    filters - JSON text of cohort.filters; empty for none.
    edges - Which edges are drawn.
    timePoints - Whether arrows lead from each scan of a patient to the next, where rows are nodes with known dates.
    animated - Whether nodes glide to new places.
    thumbnails - Whether pictures of slices are fetched from IDC.
    prefetch - Whether the CTs of the selected patient's neighbors are fetched ahead.
    selectedPatient - PatientID of the query; empty for none.
    comparedPatient - PatientID of the marked neighbor; empty for none.
    views - How the images are arranged.
    connectomeBeside - Whether the connectome stays beside the images.
    viewBars - Whether Slicer's bars are shown above the axial views.
    query - JSON: a new patient's vector whose neighbors are shown (see query_controller.query_to_text); empty for none.
    embedVolume, embedMark - ID of the CT, and key of what marks the tumor (see scene.tumor_marks), that is embedded next;
        empty for the first that fit.
    embedModel - Model that embeds it; empty for the first that can.
    embedding - JSON: how the query was made from a CT (see embed_controller.EmbeddedTumor); empty for none.
    textFile - File of text vectors; empty for none.
    textModel - Model whose text encoder has made them; empty for the one that is known to have one.
    phrase, phraseAgainst - The text that the patients are compared with, and a second one; empty for none.
    group - JSON list: PatientIDs of the lasso's group.
    repair - What is done about hubs before neighbors are looked for.
    map - What places the patients in the view.
    evaluation - Which evaluation is run next, and whose results are shown.
    evaluatedModels, evaluatedFacets - JSON lists of what it looks at; empty for all (see json_list.choice_from_text). In
        scenes of earlier versions these are other words, which mean all.
    evaluatedCount - Neighbors that it looks at.
    permutations - Label permutations of the evaluation against labels.
    referenceModel - The model that others are compared with; empty for the first one.
    confounds - Whether that evaluation also looks inside strata of the other facets.
    studyFile - STUDY.json of the reader study.
    studyQueries, studyQueryCount, studyFacet, studyAgainst, studyRepeats, studyAtMost, studySeed, studyReaders - How the next
        study is designed, see study.design.DesignChoices; studyAtMost 0 is no limit.
    studyReader - Who reads.
    studyDownload - Whether CTs that are not on this computer are downloaded for a reading.
    studyKappa - Expected kappa of simulated readers with the model.
    """

    dataFolder: str
    importChoices: str
    rowRule: RowRule = RowRule.SINGLE
    clinicalData: bool = False
    imageFolder: str
    model: str
    match: Match = Match.MOST
    neighborCount: Annotated[int, WithinRange(1, KEPT_NEIGHBORS)] = 5
    facet: str = "cancer_type"
    numberColors: NumberColors = NumberColors.STEPS
    hiddenCategories: str
    filters: str
    edges: Edges = Edges.ALL
    timePoints: bool = True
    animated: bool = True
    thumbnails: bool = True
    prefetch: bool = False
    selectedPatient: str
    comparedPatient: str
    views: ImageViews = ImageViews.ONE
    connectomeBeside: bool = True
    viewBars: bool = False
    embedVolume: str
    embedMark: str
    embedModel: str
    embedding: str
    textFile: str
    textModel: str
    phrase: str
    phraseAgainst: str
    group: str
    query: str
    repair: Repair = Repair.NONE
    map: MapKind = MapKind.NEIGHBORS
    evaluation: ResultKind = ResultKind.RETRIEVAL
    evaluatedModels: str
    evaluatedFacets: str
    evaluatedCount: Annotated[int, WithinRange(1, KEPT_NEIGHBORS)] = 5
    permutations: Annotated[int, WithinRange(1, 100000)] = 2000
    referenceModel: str
    confounds: bool = True
    studyFile: str
    studyQueries: StudyQueries = StudyQueries.RANDOM
    studyQueryCount: Annotated[int, WithinRange(1, 10000)] = 25
    studyFacet: str
    studyAgainst: Against = Against.FARTHEST
    studyRepeats: Annotated[int, WithinRange(0, 1000)] = 0
    studyAtMost: Annotated[int, WithinRange(0, 1000)] = 0
    studySeed: Annotated[int, WithinRange(0, 1000000)] = 1
    studyReaders: str = "reader-1, reader-2, reader-3"
    studyReader: str
    studyDownload: bool = False
    studyKappa: Annotated[float, WithinRange(0.0, 0.95)] = 0.5
