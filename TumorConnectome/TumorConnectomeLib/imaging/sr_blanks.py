"""Whether the values of a structured report are empty, as de-identification leaves them (PS3.15 E.3.4, retain nothing)."""
from __future__ import annotations

#: value type of a content item (PS3.3 C.17.3) -> attribute that holds its value
_VALUES = {"TEXT": "TextValue", "CODE": "ConceptCodeSequence", "NUM": "MeasuredValueSequence", "UIDREF": "UID",
           "SCOORD": "GraphicData", "SCOORD3D": "GraphicData", "IMAGE": "ReferencedSOPSequence", "PNAME": "PersonName"}


def blanked(content) -> tuple[int, int]:
    """Count the content items of a report, with all below them, whose value or name is there but empty.

    Parameters
    ----------
    content : iterable of pydicom.Dataset
        ContentSequence.

    Returns
    -------
    empty, all : int
        What is malformed counts as not empty.
    """
    empty = total = 0
    waiting = list(content)
    for item in waiting:                                # grows while it is walked
        try:
            keyword = _VALUES.get(str(item.get("ValueType") or ""))
            names = [name for name in ("ConceptNameCodeSequence", keyword) if name]
            total += 1
            empty += any(name in item and _is_empty(item.get(name)) for name in names)
            waiting += list(item.get("ContentSequence") or ())
        except Exception:                               # noqa: BLE001, S112 pydicom decodes late and raises nearly anything
            continue
    return empty, total


def _is_empty(value):
    """Whether a value is absent, or a sequence whose only item says nothing."""
    if value is None or value == "" or (hasattr(value, "__len__") and not isinstance(value, str) and not len(value)):
        return True
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return False
    first = next(iter(value))
    return hasattr(first, "values") and not any(element.value not in (None, "") for element in first)
