"""The module's state, saved with the scene."""
from typing import Annotated

from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from ..core.analysis import KEPT_NEIGHBORS
from ..core.connectome import Match


@parameterNodeWrapper
class TumorConnectomeParameterNode:
    """All choices of the user.

    dataFolder - Folder of embedding files; empty for the synthetic demo cohort.
    imageFolder - Local folder of DICOM files that is searched before IDC; empty for none.
    model - Embedding model; empty for the first one of the cohort.
    match - Most or least similar patients.
    neighborCount - Neighbors per patient.
    facet - Key of the facet that colors the patients.
    selectedPatient - PatientID of the query; empty for none.
    comparedPatient - PatientID of the marked neighbor; empty for none.
    """

    dataFolder: str
    imageFolder: str
    model: str
    match: Match = Match.MOST
    neighborCount: Annotated[int, WithinRange(1, KEPT_NEIGHBORS)] = 5
    facet: str = "cancer_type"
    selectedPatient: str
    comparedPatient: str
