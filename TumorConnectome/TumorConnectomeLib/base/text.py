"""Texts of unknown origin on one line, and in little room."""
import re

#: room for the mark that stands for what was cut out
_MARK = 40
#: what a label does not break
_WORD = re.compile(r"[^\s/\\,;:()<>'\"]+")


def one_line(text, longest=160) -> str:
    """A text as one line that can be printed: other characters become spaces, runs of these one, and the rest is cut."""
    return " ".join("".join(character if character.isprintable() else " " for character in str(text)).split())[:longest]


def shortened(text, longest) -> str:
    """A text of at most `longest` characters: what is cut out of its middle is counted, and the end stays readable."""
    if len(text) <= longest:
        return text
    room = max(longest - _MARK, 2)
    end = room // 4
    return f"{text[:room - end]} [... {len(text) - room:,} characters ...] {text[-end:]}"


def elided(text: str, longest: int = 40) -> str:
    """A text without its middle if it is longer: ids of 64 or 110 characters differ at their ends."""
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:half]}\N{HORIZONTAL ELLIPSIS}{text[-half:]}"


def elided_words(text: str, longest: int = 40) -> str:
    """A text whose long words are elided: a label breaks its lines between words only, and after the "/" of a path."""
    return _WORD.sub(lambda word: elided(word[0], longest), text)
