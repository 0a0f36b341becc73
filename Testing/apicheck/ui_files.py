"""The .ui files: which widgets they make, and whether Slicer has those classes and properties."""
import xml.etree.ElementTree as ElementTree

from . import known_names

#: what uic reads besides the properties of the classes
_DESIGNER_ONLY = {"margin", "leftMargin", "topMargin", "rightMargin", "bottomMargin", "spacing", "horizontalSpacing",
                  "verticalSpacing", "orientation", "sizeHint", "sizeType", "buddy"}


def widgets_of(paths):
    """Name of each widget -> its class, of all files together; ValueError if two widgets have one name."""
    found = {}
    for path in paths:
        for widget in ElementTree.parse(path).iter("widget"):
            name = widget.get("name")
            if name in found:
                raise ValueError(f"{path.name}: there are two widgets named {name}")
            found[name] = widget.get("class")
    return found


def complaints(path):
    """(widget, complaint) for each class and property of a .ui file that Slicer does not have."""
    for widget in ElementTree.parse(path).iter("widget"):
        name, cls = widget.get("name"), widget.get("class")
        if not known_names.is_class(cls):
            yield name, f"Slicer has no class {cls}"
            continue
        for item in widget.findall("property"):
            known = item.get("name") in known_names.members(cls) or item.get("name") in _DESIGNER_ONLY
            if item.get("stdset") != "0" and not known:
                yield name, f"{cls} has no property {item.get('name')}"
