"""What s5cmd's error lines mean, in one line for the user."""
from __future__ import annotations

import json
import re

from ..base.errors import JobFailed

# in this order: one cause explains the others (a server that dies also cuts connections)
_CAUSES = (
    ("disk full", r"no space left|disk quota exceeded|not enough space|disk is full", "the disk is full"),
    ("disk", r"permission denied|read-only file system|access is denied", "the cache folder can not be written"),
    ("proxy", r"proxyconnect|proxy authentication", "the proxy server refused"),
    ("offline", (r"no such host|server misbehaving|network is unreachable|no route to host|lookup .*(timeout|failure)"
                 r"|dial tcp.*(connection refused|i/o timeout|actively refused)|temporary failure in name"),
     "{place} can not be reached"),
    ("certificate", r"x509|certificate|tls:", "the certificate of {place} is not accepted"),
    ("overloaded", r"status code: (5\d\d|429)|slowdown|serviceunavailable|internalerror", "{place} is overloaded{code}"),
    ("forbidden", r"status code: 40[13]|accessdenied|forbidden", "{place} refuses access{code}"),
    ("missing", r"status code: 404|nosuchkey|nosuchbucket|no object found|notfound", "{place} does not have the files{code}"),
    ("cut", r"unexpected eof|connection reset|broken pipe|\beof\b|timeout|transport connection|closed",
     "the connection to {place} broke"),
)
#: no other server can help with these
_LOCAL = {"disk full", "disk"}


class TransferFailed(JobFailed):
    """A download did not end with every file.

    Parameters
    ----------
    kind : str
        ``disk full``, ``disk``, ``proxy``, ``offline``, ``certificate``, ``overloaded``, ``forbidden``, ``missing``, ``cut``,
        ``stalled``, ``wrong`` (not the files IDC lists) or ``other``.
    text : str
        One line for the user.
    """

    def __init__(self, kind: str, text: str):
        super().__init__(text)
        self.kind = kind

    @property
    def elsewhere(self) -> bool:
        """Whether another server may do better."""
        return self.kind not in _LOCAL


def is_offline(error: Exception) -> bool:
    """Whether an error says that there is no network, so that trying other series is in vain."""
    return isinstance(error, TransferFailed) and error.kind == "offline"


def classify(errors: str, place: str, exit_code: int) -> TransferFailed:
    """The cause of a failed run of s5cmd.

    Parameters
    ----------
    errors : str
        The end of its standard error: one JSON object a line, the first may be cut off.
    place : str
        Name of the server.
    exit_code : int
        Its exit status, negative or 9 when it was killed.
    """
    texts = [text for text in map(_error_text, errors.splitlines()) if text]
    everything = "\n".join(texts).lower()
    for kind, pattern, sentence in _CAUSES:
        if re.search(pattern, everything):
            code = re.search(r"status code: (\d+)", everything)
            return TransferFailed(kind, sentence.format(place=place, code=f" (HTTP {code[1]})" if code else ""))
    detail = f": {texts[-1][:200]}" if texts else ""
    return TransferFailed("other", f"the download from {place} ended early (s5cmd, status {exit_code}){detail}")


def _error_text(line):
    try:
        message = json.loads(line)
    except ValueError:
        return line.strip()
    return " ".join(str(message.get("error", "")).split()) if isinstance(message, dict) else ""
