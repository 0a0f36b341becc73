"""Reads from shared libraries what they link, as the loader does, without loading them."""
import functools
import mmap
import struct

_DYNAMIC_SECTION = 6
_NEEDED, _SONAME = 1, 14


@functools.cache
def read_links(path):
    """Own name and names of the libraries that a 64-bit little-endian ELF file links: (str, list of str); None if it is none.

    Source: System V ABI, chapters 4 (sections) and 5 (dynamic section).
    """
    with open(path, "rb") as stream:
        if stream.read(6) != b"\x7fELF\x02\x01":
            return None
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    table, = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, table + number * size) for number in range(count)]
    own, needed = path.name, []
    for section in sections:
        if section[1] != _DYNAMIC_SECTION:
            continue
        strings, (start, length) = sections[section[6]][4], section[4:6]
        for position in range(start, start + length, 16):
            tag, value = struct.unpack_from("<qQ", data, position)
            if tag in (_NEEDED, _SONAME):
                text = data[strings + value:data.find(b"\0", strings + value)].decode()
                if tag == _NEEDED:
                    needed.append(text)
                else:
                    own = text
    return own, needed


def linked_outside(roots, around):
    """Names of libraries that `roots` link, directly or by files of the folders `around`, and that are in none of these.

    Returns
    -------
    dict of str to str
        Library -> name of a file that links it.
    """
    inside = {}
    for path in (path for folder in around for path in folder.rglob("*.so*")):
        inside[path.name] = path
    outside, seen, left = {}, set(), list(roots)
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        for name in (read_links(path) or ("", []))[1]:
            if name in inside:
                left.append(inside[name])
            else:
                outside.setdefault(name, path.name)
    return outside
