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
