"""Whether servers can be reached at all: found out in seconds, where a transfer would wait for minutes."""
from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence

from ..base.errors import InputError

#: seconds for the look-up of the name and the connection
TIMEOUT = 5.0
_PORTS = {"http": 80, "https": 443}


def meeting_point(url: str) -> tuple[str, int, bool]:
    """Where a connection to `url` begins: host, port, and whether that is the proxy which the environment names.

    Follows HTTP_PROXY, HTTPS_PROXY and NO_PROXY as s5cmd does (Go's net/http): this machine is never asked through a proxy.

    Raises
    ------
    InputError
        The address, or that of the proxy, is malformed.
    """
    target = _parsed(url)
    proxy = urllib.request.getproxies_environment().get(target.scheme)
    local = target.hostname == "localhost" or target.hostname.startswith("127.") or target.hostname == "::1"
    if not proxy or local or urllib.request.proxy_bypass_environment(target.netloc):
        return target.hostname, target.port or _PORTS[target.scheme], False
    proxy = _parsed(proxy if "://" in proxy else f"http://{proxy}")
    return proxy.hostname, proxy.port or _PORTS[proxy.scheme], True


def _parsed(url):
    with contextlib.suppress(ValueError):               # a port that is no number
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in _PORTS and parts.hostname and parts.port != 0:
            return parts
    raise InputError(f"{url[:80]!r}", expected="an http or https address")


def unreachable(urls: Sequence[str], timeout: float = TIMEOUT) -> Mapping[str, str]:
    """Try to connect to all of some servers, or their proxies, at once; returns why not for those that did not answer."""
    problems = dict.fromkeys(urls, f"no answer within {timeout:g} s")
    threads = [threading.Thread(target=_connect, args=(url, timeout, problems), daemon=True) for url in problems]
    for thread in threads:
        thread.start()
    end = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0.0))   # looking up a name has no time limit of its own
    return {url: problem for url, problem in problems.items() if problem}


def _connect(url, timeout, problems):
    try:
        host, port, proxy = meeting_point(url)
        with socket.create_connection((host, port), timeout):
            problems[url] = ""
    except InputError as error:
        problems[url] = str(error)
    except socket.gaierror:
        problems[url] = f"the name {host} is not known" + (" (the proxy)" if proxy else "")
    except TimeoutError:
        pass                                            # said already
    except OSError as error:
        problems[url] = (error.strerror or str(error)).lower() + (f" by the proxy {host}:{port}" if proxy else "")


def reach_command(arguments, report):
    """Worker: ``reach URL ...``; returns why each server that can not be reached can not, by its address."""
    return dict(unreachable(arguments))
