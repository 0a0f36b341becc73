"""Writes weights files as torch and safetensors do, without torch: whole ones and hostile ones."""
import io
import json
import pickle
import struct
import zipfile

import numpy as np

#: numpy's type -> torch's name of a storage; bfloat16 is kept as uint16 in a `Bfloat16`
STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "float16": "HalfStorage", "int64": "LongStorage",
            "uint8": "ByteStorage"}


class Bfloat16:
    """Numbers as torch's bfloat16: the upper halves of float32."""

    def __init__(self, values):
        self.bits = (np.asarray(values, np.float32).view(np.uint32) >> 16).astype(np.uint16)


class View:
    """A tensor that is a part of a storage that other tensors have, too."""

    def __init__(self, storage, offset, shape, strides):
        self.storage, self.offset, self.shape, self.strides = storage, offset, shape, strides


class Name:
    """A name the pickle refers to: "module name"."""

    def __init__(self, text):
        self.text = text

    def __call__(self):                                 # pickle wants callables where it writes a call
        raise NotImplementedError


class Call:
    """What the pickle calls: a name, its arguments, a state and items that it gets."""

    def __init__(self, name, arguments, state=None, items=None):
        self.parts = (Name(name), arguments, state, None, items)


class _Storage:
    def __init__(self, key, kind, values):
        self.key, self.kind, self.values = key, kind, values


class _Pickler(pickle._Pickler):
    """Writes the stand-ins as what they stand for."""

    def __init__(self, stream, legacy=False):
        super().__init__(stream, protocol=2)
        self._legacy = legacy

    def reducer_override(self, obj):
        return obj.parts if isinstance(obj, Call) else NotImplemented

    def persistent_id(self, obj):
        if not isinstance(obj, _Storage):
            return None
        parts = ("storage", Name(f"torch {obj.kind}"), obj.key, "cpu", len(obj.values))
        return (*parts, None) if self._legacy else parts

    def save(self, obj, save_persistent_id=True):
        if isinstance(obj, Name):
            self.write(pickle.GLOBAL + "\n".join(obj.text.split(" ")).encode() + b"\n")
        else:
            super().save(obj, save_persistent_id)


def _pickled(content, legacy=False):
    stream = io.BytesIO()
    _Pickler(stream, legacy).dump(content)
    return stream.getvalue()


def _prepared(tensors):
    """Tensors as the calls that torch writes, and their storages in order."""
    storages, calls = {}, {}
    for name, value in tensors.items():
        view = value if isinstance(value, View) else None
        owner = view.storage if view else value
        if id(owner) not in storages:
            bits = owner.bits if isinstance(owner, Bfloat16) else np.asarray(owner, order="C")
            kind = "BFloat16Storage" if isinstance(owner, Bfloat16) else STORAGES[bits.dtype.name]
            storages[id(owner)] = _Storage(str(len(storages)), kind, bits.ravel())
            storages[id(owner)].shape = bits.shape
        storage = storages[id(owner)]
        shape = view.shape if view else storage.shape
        strides = view.strides if view else tuple(int(np.prod(shape[axis + 1:])) for axis in range(len(shape)))
        calls[name] = Call("torch._utils _rebuild_tensor_v2", (
            storage, view.offset if view else 0, tuple(shape), tuple(strides), False, Call("collections OrderedDict", ())))
    return calls, list(storages.values())


def _state_dict(calls):
    return Call("collections OrderedDict", (), {"_metadata": Call("collections OrderedDict", ())}, iter(calls.items()))


def write_zip(path, tensors, wrap=lambda state_dict: state_dict, compression=zipfile.ZIP_STORED, byteorder=b"little"):
    """As torch since 1.6; `wrap` puts the state dict into a checkpoint."""
    calls, storages = _prepared(tensors)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", _pickled(wrap(_state_dict(calls))))
        archive.writestr("archive/byteorder", byteorder)
        for storage in storages:
            archive.writestr(f"archive/data/{storage.key}", storage.values.tobytes())
        archive.writestr("archive/version", b"3\n")
    return path


def write_stream(path, tensors, magic=0x1950A86A20F9469CFC6C, little=True):
    """As torch before 1.6."""
    calls, storages = _prepared(tensors)
    with open(path, "wb") as stream:
        for content in (magic, 1001, {"protocol_version": 1001, "little_endian": little, "type_sizes": {}}):
            stream.write(_pickled(content))
        stream.write(_pickled(_state_dict(calls), legacy=True))
        stream.write(_pickled([storage.key for storage in storages]))
        for storage in storages:
            stream.write(struct.pack("<q", len(storage.values)) + storage.values.tobytes())
    return path


def write_pickle_in_zip(path, data: bytes):
    """A torch archive with this pickle."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", data)
    return path


def write_safetensors(path, tensors, header=None, content=None):
    """The format's plainest form; `header` and `content` replace what would be right."""
    names = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "uint8": "U8"}
    entries, parts, at = {"__metadata__": {"format": "pt"}}, [], 0
    for name, value in tensors.items():
        bits = value.bits if isinstance(value, Bfloat16) else np.asarray(value, order="C")
        kind = "BF16" if isinstance(value, Bfloat16) else names[bits.dtype.name]
        entries[name] = {"dtype": kind, "shape": list(bits.shape), "data_offsets": [at, at + bits.nbytes]}
        at += bits.nbytes
        parts.append(bits.tobytes())
    text = header if header is not None else json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + (content if content is not None else b"".join(parts)))
    return path
