"""What VTK and MRML log as errors and warnings: in Slicer the error mark in the status bar."""
import contextlib

import vtk


@contextlib.contextmanager
def vtk_log():
    """The texts that are logged meanwhile, as a list."""
    window, texts = vtk.vtkOutputWindow.GetInstance(), []

    @vtk.calldata_type(vtk.VTK_STRING)
    def keep(_window, _event, text):
        texts.append(text)

    tags = [window.AddObserver(event, keep) for event in ("ErrorEvent", "WarningEvent")]
    try:
        yield texts
    finally:
        for tag in tags:
            window.RemoveObserver(tag)
