"""Checks every name of Qt, CTK, Slicer, VTK and MRML that the extension uses against what Slicer really offers."""
