"""Writes slicer-names.json.gz: what dir() answers in a running Slicer. A maintainer runs it inside Slicer:

    Slicer --no-splash --python-script Testing/slicerhost/export_names.py

It needs the main window, because views are asked too. Only dir() is used, so nothing of Slicer is called or changed.
The table differs between builds (DICOM, CLI and WebEngine modules are options of the build).
"""
import gzip
import inspect
import json
import pathlib

OUTPUT = pathlib.Path(__file__).with_name("slicer-names.json.gz")


def public(thing):
    """The public names of an object."""
    return sorted(name for name in dir(thing) if not name.startswith("_"))


def entry(names, bases):
    """A table entry: the names, without those of the widest base that has only names of this entry."""
    for label, inherited in bases:
        if names > inherited:
            return {"base": label, "names": sorted(names - inherited)}
    return {"names": sorted(names)}


def classes_and_names(module, bases, skip=()):
    """{"classes": {name: entry}, "names": [...]} of the module qt, ctk or slicer."""
    classes, names = {}, []
    for name in public(module):
        value = getattr(module, name)
        if name.startswith(skip):
            continue
        if isinstance(value, type):
            classes[name] = entry(set(public(value)), [b for b in bases if b[0] != "qt." + name])
        else:
            names.append(name)
    return {"classes": classes, "names": names}


def signatures(module):
    """Name -> signature of the functions and classes of a Python module ("?" where Python knows none)."""
    found = {}
    for name in public(module):
        value = getattr(module, name)
        if callable(value):
            try:
                found[name] = str(inspect.signature(value))
            except (TypeError, ValueError):
                found[name] = "?"
    return found


def collect():
    """The whole table, from the running application."""
    import ctk
    import qt
    import slicer.packaging

    bases = [("qt.QWidget", set(public(qt.QWidget))), ("qt.QObject", set(public(qt.QObject)))]
    manager = slicer.app.layoutManager()
    slice_widget, volume_widget = manager.sliceWidget("Red"), manager.threeDWidget(0)
    objects = {"slicer.app": slicer.app, "slicer.app.layoutManager()": manager, "sliceWidget": slice_widget,
               "sliceView": slice_widget.sliceView(), "sliceController": slice_widget.sliceController(),
               "threeDWidget": volume_widget, "threeDView": volume_widget.threeDView()}
    table = {"_about": f"Names that Slicer {slicer.app.applicationVersion} (Qt {qt.qVersion()}) offers to Python, read "
                       "with dir(). An entry with 'base' has the names of that class too. vtk classes are left out.",
             "qt": classes_and_names(qt, bases), "ctk": classes_and_names(ctk, bases),
             "slicer": classes_and_names(slicer, bases, skip=("vtk",)),
             "slicer.util": signatures(slicer.util), "slicer.packaging": signatures(slicer.packaging)}
    table.update({label: entry(set(public(thing)), bases) for label, thing in objects.items()})
    table["slicer.modules"] = public(slicer.modules)
    return table


def write(table, path=OUTPUT):
    """Write the table compactly; the same table gives the same bytes."""
    text = json.dumps(table, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


if __name__ == "__main__":
    write(collect())
    import slicer.util
    slicer.util.exit()
