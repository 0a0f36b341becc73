"""Reads what ``torch.save`` writes, without torch and without unpickling: tensors are views of the file.

Since torch 1.6 a file is a zip archive of uncompressed parts: a pickle, and a part of raw numbers for each storage. Before, it
was a stream: three small pickles, the pickle, the list of storages, their numbers. The pickles are followed as data
(`readers.pickle_records`); of the names in them only those on the allow-list below are known, and none is called.
"""
from __future__ import annotations

import math
import mmap
import pathlib
import struct
import zipfile

import numpy as np

from ..base.errors import InputError
from ..readers.pickle_records import BESIDE, MAPPING, Record, Refused, read_records_beside
from .safetensors_file import from_bfloat16

_ZIP, _STREAM = b"PK\x03\x04", 0x1950A86A20F9469CFC6C
#: of a storage's numbers: numpy's type, "bfloat16" for what numpy does not have
_STORAGES = {"FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "bfloat16",
             "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1", "ByteStorage": "u1",
             "BoolStorage": "b1"}
#: what a pickle may name -> kind of the record made of it
_ALLOWED = {
    **{f"{module} {name}": f"storage {form}" for name, form in _STORAGES.items() for module in ("torch", "torch.cuda")},
    "torch._utils _rebuild_tensor_v2": "tensor", "torch._utils _rebuild_tensor": "tensor",
    "torch._utils _rebuild_parameter": "parameter", "torch.nn.parameter Parameter": "parameter",
    "collections OrderedDict": MAPPING, "collections defaultdict": MAPPING,
    "pytorch_lightning.utilities.parsing AttributeDict": MAPPING, "lightning.pytorch.utilities.parsing AttributeDict": MAPPING,
    "lightning_fabric.utilities.data AttributeDict": MAPPING, "lightning.fabric.utilities.data AttributeDict": MAPPING,
    # beside the weights, training programs keep numbers, and things like these
    **dict.fromkeys(("torch Size", "torch device", "collections Counter", "builtins list", "builtins dict", "builtins set",
                     "__builtin__ list", "__builtin__ dict", "__builtin__ set", "argparse Namespace", "_codecs encode",
                     "numpy dtype", "numpy ndarray", "numpy.core.multiarray scalar", "numpy._core.multiarray scalar",
                     "numpy.core.multiarray _reconstruct", "numpy._core.multiarray _reconstruct", "pathlib PosixPath",
                     "pathlib PurePosixPath", "pathlib WindowsPath", "pathlib PureWindowsPath", "datetime datetime",
                     "datetime timedelta", "torch.torch_version TorchVersion",
                     *(f"torch {name}" for name in ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8",
                                                    "bool"))), "other")}
#: where training programs put the state dict of the network
_NETWORKS = ("state_dict", "model_state_dict", "net", "model", "network_weights", "trunk_state_dict")
_LONGEST_PICKLE, _DEEPEST = 1 << 26, 4
_EXPECTED = "a weights file of torch or safetensors"


def is_torch_file(head: bytes) -> bool:
    """Whether a file that begins with these 16 bytes may be one."""
    return head.startswith((_ZIP, b"\x80"))


def read_torch_file(path) -> dict[str, np.ndarray]:
    """The tensors of a state dict, mapped from the file.

    Returns
    -------
    dict of str to np.ndarray
        Name -> array, not writable; bfloat16 as float32. Of a checkpoint the state dict of the network is taken.

    Raises
    ------
    InputError
        The file names something outside the allow-list, is damaged or cut off, or holds no state dict.
    """
    path = pathlib.Path(path)
    try:
        with open(path, "rb") as stream:
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        found, storages = (_zip_parts if content[:4] == _ZIP else _stream_parts)(path, content)
        return _state_dict(found, storages, path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(error.strerror or str(error), source=path, expected=_EXPECTED) from None
    except Refused as error:
        raise InputError(f"refused, because {error}", source=path, expected=_EXPECTED) from None
    except (zipfile.BadZipFile, struct.error):
        raise InputError("it is damaged or cut off", source=path, expected=_EXPECTED) from None
    except Exception as error:                          # a damaged archive or pickle can raise nearly any type
        raise InputError(f"not readable ({type(error).__name__}: {error})"[:200], source=path, expected=_EXPECTED) from None


def _zip_parts(path, content):
    """What the archive's pickle says, and a function from the key of a storage to its bytes."""
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        pickles = [name for name in entries if name.rpartition("/")[2] == "data.pkl" and name.count("/") <= 1]
        if len(pickles) != 1:
            raise InputError("a zip archive without one data.pkl", source=path, expected=_EXPECTED)
        folder = pickles[0].rpartition("data.pkl")[0]
        order = f"{folder}byteorder"
        if order in entries and bytes(_part(content, entries[order], path)) != b"little":
            raise InputError("its numbers are big-endian", source=path, expected="little-endian numbers")
        data = _part(content, entries[pickles[0]], path)
    if len(data) > _LONGEST_PICKLE:
        raise InputError(f"its pickle has {len(data)} bytes", source=path, expected=_EXPECTED)
    found, _ = read_records_beside(bytes(data), 0, _ALLOWED)

    def storage(key):
        if f"{folder}data/{key}" not in entries:
            raise InputError(f"storage {key[:40]} is missing", source=path, expected=_EXPECTED)
        return _part(content, entries[f"{folder}data/{key}"], path)
    return found, storage


def _part(content, entry, path):
    """The bytes of an uncompressed part of the archive: a view of the file."""
    if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
        raise InputError(f"the part {entry.filename[:80]} is compressed or encrypted", source=path,
                         expected="what torch.save writes")
    at = entry.header_offset
    if content[at:at + 4] != _ZIP:
        raise InputError("the archive's index does not fit its content", source=path, expected=_EXPECTED)
    start = at + 30 + sum(struct.unpack("<HH", content[at + 26:at + 30]))
    if start + entry.file_size > len(content):
        raise InputError(f"the part {entry.filename[:80]} is cut off", source=path, expected=_EXPECTED)
    return memoryview(content)[start:start + entry.file_size]


def _stream_parts(path, content):
    """The same of a stream. Its storages follow each other, each with the count of its numbers."""
    magic, at = read_records_beside(content, 0, _ALLOWED)
    if magic != _STREAM:
        raise InputError("not a file that torch.save has written", source=path, expected=_EXPECTED)
    _version, at = read_records_beside(content, at, _ALLOWED)
    system, at = read_records_beside(content, at, _ALLOWED)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise InputError("its numbers are big-endian", source=path, expected="little-endian numbers")
    found, at = read_records_beside(content, at, _ALLOWED)
    keys, at = read_records_beside(content, at, _ALLOWED)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InputError("the list of its storages is damaged", source=path, expected=_EXPECTED)
    forms = {reference.key: reference.form for reference in _references_in(found, path)}
    places = {}
    for key in keys:
        if key not in forms:                            # then its size is unknown, and so is where the next one begins
            raise InputError(f"storage {key[:40]} is of unknown type", source=path, expected=_EXPECTED)
        count, = struct.unpack("<q", content[at:at + 8])
        end = at + 8 + count * _item_size(forms[key])
        if not at + 8 <= end <= len(content):
            raise InputError(f"storage {key[:40]} is cut off", source=path, expected=_EXPECTED)
        places[key], at = memoryview(content)[at + 8:end], end

    def storage(key):
        if key not in places:
            raise InputError(f"storage {key[:40]} is missing", source=path, expected=_EXPECTED)
        return places[key]
    return found, storage


def _item_size(form):
    return 2 if form == "bfloat16" else np.dtype(form).itemsize


class _Reference:
    """What a pickle says about a storage: its key, the type of its numbers, and at which of them it begins."""

    def __init__(self, record, path, place=None):
        try:
            word, storage, self.key = record.arguments[0][:3]
            view = record.arguments[0][5] if len(record.arguments[0]) > 5 else None       # of a larger storage, in old streams
            self.first = 0 if view is None else view[1]
            sound = (record.kind == BESIDE and word == "storage" and isinstance(self.key, str)
                     and storage.kind.startswith("storage ") and _are_sizes([self.first]))
            self.form = storage.kind.partition(" ")[2]
        except (AttributeError, TypeError, ValueError, IndexError):
            sound = False
        if not sound:
            raise InputError("a storage is not in torch's form", source=path, row=place, expected=_EXPECTED)


def _are_sizes(numbers):
    return all(type(number) is int and 0 <= number < 2 ** 48 for number in numbers)


def _array(record, numbers_of, path, place):
    """The array of a tensor's record, a view of its storage's numbers."""
    if record.kind == "parameter" and record.arguments and isinstance(record.arguments[0], Record):
        record = record.arguments[0]
    try:
        reference, offset, shape, strides = record.arguments[:4]
        sound = record.kind == "tensor" and len(shape) == len(strides) <= 8 and _are_sizes([offset, *shape, *strides])
    except (TypeError, ValueError):
        sound = False
    if not sound:
        raise InputError("it is not in torch's form", source=path, row=place, expected=_EXPECTED)
    reference = _Reference(reference, path, place)
    numbers = numbers_of(reference)
    if not math.prod(shape):
        return np.zeros(shape, numbers.dtype)
    first = reference.first + offset
    last = first + sum((length - 1) * stride for length, stride in zip(shape, strides))
    if last >= numbers.size:
        raise InputError(f"it reaches to number {last + 1} of a storage of {numbers.size}", source=path, row=place,
                         expected=_EXPECTED)
    return np.lib.stride_tricks.as_strided(numbers[first:], shape, [stride * numbers.itemsize for stride in strides],
                                           writeable=False)


def _is_tensor(value):
    return isinstance(value, Record) and value.kind in ("tensor", "parameter")


def _references_in(found, path):
    """All references to storages, however deep: a list of `_Reference`."""
    references, waiting, seen = [], [found], set()
    while waiting:
        value = waiting.pop()
        if not isinstance(value, (dict, list, tuple, Record)) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Record) and value.kind == BESIDE:
            references.append(_Reference(value, path))
        elif isinstance(value, Record):
            waiting += [*value.arguments, value.state]
        else:
            waiting += value.values() if isinstance(value, dict) else value
    return references


def _state_dict(found, storages, path):
    """The arrays of the network's state dict."""
    numbers = {}

    def numbers_of(reference):
        if reference.key not in numbers:
            data = np.frombuffer(storages(reference.key), np.uint8)
            whole = data[:data.size // _item_size(reference.form) * _item_size(reference.form)]
            halves = reference.form == "bfloat16"
            numbers[reference.key] = from_bfloat16(whole.view("<u2")) if halves else whole.view(f"<{reference.form}")
        return numbers[reference.key]

    return {name: _array(record, numbers_of, path, f"tensor {name[:120]}")
            for name, record in _network_of(found, path).items() if _is_tensor(record)}


def _network_of(found, path):
    """The dict that holds the network's tensors: the file's own, or one in it, however deep."""
    def tensors(value):
        return isinstance(value, dict) and any(map(_is_tensor, value.values()))

    level = {"": found}
    for _depth in range(_DEEPEST):
        parts = {name: value for name, value in level.items() if tensors(value)}
        if parts:
            break
        level = {f"{name}.{key}".lstrip("."): value for name, outer in level.items() if isinstance(outer, dict)
                 for key, value in outer.items()}
    chosen = next((value for name in _NETWORKS for key, value in parts.items() if key.rpartition(".")[2] == name), None)
    if chosen is None and len(parts) == 1:
        chosen = next(iter(parts.values()))
    if chosen is None:
        what = f"tensors under {sorted(parts)}"[:200] if parts else "no tensors"
        raise InputError(f"it holds {what}", source=path,
                         expected=f"a state dict, itself or under one of {', '.join(_NETWORKS)}")
    return chosen
