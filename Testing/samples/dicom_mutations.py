"""Seeded damage to DICOM files: bytes, lengths, structure and values, for the fuzz test and its benchmark."""
import copy
import io
import itertools
import zlib

import numpy as np
import pydicom

HOSTILE_UIDS = ("../../../etc/passwd", "1.2.3/../../x", "C:\\windows\\x", "\0", "1" * 500, "1..2", "", " ", "1.2.\u0663", "..",
                "1.2.3\n4", "~/x", "%2e%2e/")
HOSTILE_TEXTS = ("line\nbreak\r\n\x1b[31m", "\0" * 50, "<b>&amp;</b>" * 50, "\u202egnp", "x" * 100_000)
_MOST_ELEMENTS = 2000
_LENGTHS = (0, 1, 3, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFE, 0xFFFFFFFF)


def repeatable_uids():
    """A stand-in for pydicom's generate_uid that gives the same UIDs in every run."""
    numbers = itertools.count(1)
    return lambda *_, **__: f"1.2.826.0.1.3680043.8.498.{10**20 + next(numbers)}"


def mutated(whole: bytes, rng: np.random.Generator) -> bytes:
    """One damaged version of a DICOM file."""
    return MUTATIONS[rng.integers(len(MUTATIONS))](whole, rng)


def flip_bytes(whole, rng):
    """A few bytes have other values."""
    damaged = bytearray(whole)
    for place in rng.integers(128, len(whole), rng.integers(1, 25)):
        damaged[place] = rng.integers(256)
    return bytes(damaged)


def cut_off(whole, rng):
    """The end is missing."""
    return whole[:rng.integers(0, len(whole))]


def splice(whole, rng):
    """A piece is lost, doubled, or two pieces have changed places."""
    a, b, c = sorted(rng.integers(132, len(whole), 3).tolist())
    return [whole[:a] + whole[b:], whole[:b] + whole[a:b] * int(rng.integers(1, 4)) + whole[b:],
            whole[:a] + whole[b:c] + whole[a:b] + whole[c:]][rng.integers(3)]


def lie_about_lengths(whole, rng):
    """Some element, sequence or item has another length: the four bytes behind a VR, or behind an item's tag."""
    marks = [place for mark in (b"SQ\0\0", b"UN\0\0", b"OB\0\0", b"\xfe\xff\x00\xe0", b"UT\0\0") for place in _all(whole, mark)]
    damaged = bytearray(whole)
    for place in rng.choice(marks, min(len(marks), int(rng.integers(1, 4)))) if marks else ():
        damaged[place + 4:place + 8] = int(_LENGTHS[rng.integers(len(_LENGTHS))]).to_bytes(4, "little")
    return bytes(damaged)


def nest_deeply(whole, rng):
    """A sequence holds a sequence holds a sequence ..., hundreds or thousands of levels."""
    depth = int(10 ** rng.uniform(1, 4.3))
    start = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    place = whole.rfind(b"\x40\x00\x30\xa7SQ")
    place = len(whole) if place < 0 else place
    return whole[:place] + start * depth + (end * depth if rng.random() < 0.7 else b"") + whole[place:]


def deflate(whole, rng):
    """Deflated, sometimes cut, flipped, or with gigabytes of zeros behind it."""
    dataset = pydicom.dcmread(io.BytesIO(whole))
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    stream = io.BytesIO()
    pydicom.dcmwrite(stream, dataset, enforce_file_format=True)
    written = stream.getvalue()
    if rng.random() < 0.3:
        start = 144 + int.from_bytes(written[140:144], "little")
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = packer.compress(zlib.decompress(written[start:], -zlib.MAX_WBITS)) + packer.flush(zlib.Z_FULL_FLUSH)
        zeros = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)       # repeatable
        return written[:start] + body + zeros * 300 + packer.flush()
    return [flip_bytes, cut_off][rng.integers(2)](written, rng)


def change_structure(whole, rng):
    """Elements and items of the data set are lost, doubled, exchanged, put into each other, or have hostile values."""
    dataset = pydicom.dcmread(io.BytesIO(whole))
    for _ in range(rng.integers(1, 5)):
        places = list(_elements(dataset))
        if len(places) > _MOST_ELEMENTS:                # each step may multiply them
            break
        owner, tag = places[rng.integers(len(places))]
        _STRUCTURE[rng.integers(len(_STRUCTURE))](owner, tag, dataset, rng)
    stream = io.BytesIO()
    try:
        dataset.save_as(stream, enforce_file_format=False)
    except Exception:                                   # noqa: BLE001 pydicom can not write everything: damage bytes instead
        return flip_bytes(whole, rng)
    return stream.getvalue()


def _all(whole, mark):
    place = whole.find(mark)
    while place >= 0:
        yield place
        place = whole.find(mark, place + 1)


def _elements(dataset):
    """Every element at any depth as (data set that holds it, tag)."""
    for element in dataset:
        yield dataset, element.tag
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


def _lose(owner, tag, dataset, rng):
    if tag in owner:
        del owner[tag]


def _rearrange(owner, tag, dataset, rng):
    if tag in owner and owner[tag].VR == "SQ" and len(owner[tag].value):
        items = list(owner[tag].value)
        change = rng.integers(4)
        owner[tag].value = [[copy.deepcopy(item) for item in items * 5], items[::-1], [], [*items, pydicom.Dataset()]][change]


def _put_inside(owner, tag, dataset, rng):
    sequences = [(o, t) for o, t in _elements(dataset) if o[t].VR == "SQ" and len(o[t].value)]
    if tag in owner and sequences:
        other, place = sequences[rng.integers(len(sequences))]
        other[place].value[0].add(copy.deepcopy(owner[tag]))      # a copy: nothing holds itself


def _hostile_value(owner, tag, dataset, rng):
    if tag not in owner:
        return
    element = owner[tag]
    if element.VR == "UI":
        element.value = HOSTILE_UIDS[rng.integers(len(HOSTILE_UIDS))]
    elif element.VR in ("FL", "FD", "DS"):
        element.value = [[float("nan")] * 4, [float("inf")] * 4, [1e38] * 6, [1.0] * 5, [], [0.0] * 3000][rng.integers(6)]
    elif element.VR in ("US", "UL", "IS"):
        element.value = int([0, 1, 65535, 2][rng.integers(4)])
    elif element.VR in ("LO", "SH", "CS", "PN", "UT", "LT"):
        element.value = HOSTILE_TEXTS[rng.integers(len(HOSTILE_TEXTS))]


_STRUCTURE = (_lose, _rearrange, _put_inside, _hostile_value)
MUTATIONS = (flip_bytes, cut_off, splice, lie_about_lengths, nest_deeply, deflate, change_structure, change_structure)
