"""Files only: IDC look-up, download, cache, DICOM series, reports and segmentations; runs without Slicer, vtk and Qt."""
