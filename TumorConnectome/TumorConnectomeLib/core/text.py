"""Texts of unknown origin on one line."""


def one_line(text, longest=160) -> str:
    """A text as one line that can be printed: other characters become spaces, runs of these one, and the rest is cut."""
    return " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())[:longest]
