"""Lists of texts in a text parameter."""
import json


def list_to_text(items) -> str:
    """JSON text of a list of texts, "" for an empty one."""
    items = sorted(items)
    return json.dumps(items) if items else ""


def list_from_text(text: str) -> list[str]:
    """The list in a text; empty when it is not a JSON list of texts (a scene may hold anything)."""
    try:
        items = json.loads(text) if text else []
    except ValueError:
        return []
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []


def choice_to_text(chosen, possible) -> str:
    """Text of some of several possible names: "" for all of them, else a JSON list, which may be empty."""
    return "" if set(possible) <= set(chosen) else json.dumps([name for name in possible if name in chosen])


def choice_from_text(text: str, possible) -> tuple[str, ...]:
    """The chosen ones of the possible names, in their order.

    All of them when the text is no JSON list, or when it is one of names of which none is possible here: those of another
    cohort.
    """
    try:
        items = json.loads(text) if text else None
    except ValueError:
        items = None
    if not isinstance(items, list):
        return tuple(possible)
    chosen = tuple(name for name in possible if name in items)
    return chosen if chosen or not items else tuple(possible)
