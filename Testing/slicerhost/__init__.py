"""The host: runs a Slicer scripted module outside Slicer, on slicer-core and PySide6, under PythonQt's rules.

A stand-in for the application, small and honest: what it lacks raises NotImplementedError, it fakes no result, and
what PythonQt refuses it refuses. Start it with slicerhost.app.start(), or with python -m slicerhost MODULE.py.
"""
