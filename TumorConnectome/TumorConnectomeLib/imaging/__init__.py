"""From a patient to nodes in the scene: IDC look-up, download, DICOM series, SR boxes, MRML nodes. No qt."""
