"""Looks at a pickle without unpickling it.

A pickle is a program that can import and call anything. Here its instructions are followed only as far as plain data
needs: dicts with text keys, lists, tuples, numbers, texts and bytes. Where it would call something, a `Record` says what
and with which arguments, for names on an allow-list; any other name or instruction is refused. Nothing is imported, called
or hashed, and time and memory stay in proportion to the size of the data, whatever is in it.
"""
from __future__ import annotations

import gc
import pickletools
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_BINPERSID = ord("Q")
#: larger numbers are no keys: texts of huge ones take long to make
_LARGEST_KEY = 2 ** 63
_STOP, _BINGET, _MEMOIZE, _BININT1, _BINFLOAT, _MARK, _EMPTY_DICT, _EMPTY_LIST = b".h\x94KG(}]"
_TUPLE1, _BININT2, _SHORT_BINUNICODE = b"\x85M\x8c"
_DOUBLE, _SHORT = struct.Struct(">d").unpack_from, struct.Struct("<H").unpack_from
#: kind of names that make a mapping, such as OrderedDict: they become an empty dict, and what is put into them stays in it
MAPPING = "Mapping"
#: kind of the record of a reference to what is stored beside the pickle; its only argument says to what
BESIDE = "Beside"


class Refused(ValueError):
    """The pickle asks for a name or an instruction that is not allowed."""


@dataclass(eq=False, slots=True)
class Record:
    """What a pickle wants to be made.

    Parameters
    ----------
    kind : str
        Value of the allow-list for the name that would be called.
    arguments : tuple
        What it would be called with.
    state : object
        What it would be given afterwards (``__setstate__``), None if nothing.
    """

    kind: str
    arguments: tuple
    state: object = None


def read_records(data: bytes, allowed: Mapping[str, str]):
    """Return what a pickle (protocols 2 to 5) describes.

    Parameters
    ----------
    data : bytes
        The pickle.
    allowed : mapping of str to str
        ``"module name"`` of what may be called, to the kind of its records.

    Raises
    ------
    Refused
        Another name or instruction occurs.
    ValueError, IndexError, KeyError
        The data is damaged.
    """
    return _read(_Reader(allowed), data, 0)[0]


def read_records_beside(data, start: int, allowed: Mapping[str, str]):
    """As `read_records`, for a pickle that is a part of a file whose other parts it refers to, as torch writes them.

    Parameters
    ----------
    data : bytes or mmap
    start : int
        Where the pickle begins.
    allowed : mapping of str to str
        As for `read_records`; references to other parts become records of the kind `BESIDE`.

    Returns
    -------
    content : object
        Whole numbers that are keys of dicts are texts in it.
    end : int
        Where the pickle ends.
    """
    return _read(_ReaderBeside(allowed), data, start)


def _read(reader, data, start):
    collects = gc.isenabled()
    gc.disable()                                        # many small objects that stay: a third of the time is saved
    try:
        return reader.read(data, start)
    finally:
        if collects:
            gc.enable()


@dataclass(frozen=True)
class _Name:
    kind: str


def _fixed(form):
    """Reads an argument of fixed form: (data, position) -> (argument, position after it)."""
    unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

    def read(data, position):
        return unpack(data, position)[0], position + size       # struct.error where the data ends before
    return read


def _counted(form, decode):
    """Reads an argument whose length stands before it; `decode` makes the argument of its bytes."""
    unpack, size = struct.Struct(form).unpack_from, struct.calcsize(form)

    def read(data, position):
        end = position + size + unpack(data, position)[0]
        if not position + size <= end <= len(data):
            raise ValueError("the data ends in the middle of a value")
        return decode(data[position + size:end]), end
    return read


def _text(data):
    return data.decode("utf-8", "surrogatepass")


def _long(data):
    return int.from_bytes(data, "little", signed=True)


def _lines(data, position):
    """The two lines of GLOBAL, joined by a space."""
    middle = data.find(b"\n", position)
    end = data.find(b"\n", middle + 1)
    if not position <= middle < end:
        raise ValueError("the data ends in the middle of a name")
    return f"{data[position:middle].decode('ascii')} {data[middle + 1:end].decode('ascii')}", end + 1


#: instruction -> how its argument is read (pickletools has what each of them means)
_ARGUMENTS = {
    "BININT": _fixed("<i"),
    "LONG1": _counted("<B", _long), "LONG4": _counted("<i", _long),
    "BINUNICODE": _counted("<I", _text), "BINUNICODE8": _counted("<Q", _text),
    "SHORT_BINBYTES": _counted("<B", bytes), "BINBYTES": _counted("<I", bytes), "BINBYTES8": _counted("<Q", bytes),
    "BYTEARRAY8": _counted("<Q", bytes),
    "PROTO": _fixed("<B"), "FRAME": _fixed("<Q"), "BINPUT": _fixed("<B"), "LONG_BINPUT": _fixed("<I"),
    "LONG_BINGET": _fixed("<I"), "GLOBAL": _lines}


def _refuse(code, position):
    known = pickletools.code2op.get(chr(code))
    if known is None:
        raise ValueError(f"at position {position}, opcode {bytes([code])!r} unknown")
    raise Refused(f"it has the instruction {known.name}, which plain data does not need")


class _Reader:
    """The stack machine of pickle; each operation gets the argument of its instruction, None if it has none."""

    def __init__(self, allowed):
        self._allowed = allowed
        self._stack, self._outer, self._memo = [], [], {}
        pushed = ("BININT", "LONG1", "LONG4", "BINUNICODE", "BINUNICODE8", "SHORT_BINBYTES",
                  "BINBYTES", "BINBYTES8", "BYTEARRAY8", "NONE")
        operations = {
            **dict.fromkeys(pushed, self._push),
            **dict.fromkeys(("PROTO", "FRAME"), lambda _: None),
            **dict.fromkeys(("BINPUT", "LONG_BINPUT"), self._put),
            "LONG_BINGET": lambda index: self._push(self._memo[index]),
            **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), self._name),
            **dict.fromkeys(("REDUCE", "NEWOBJ"), self._call),
            "NEWTRUE": lambda _: self._push(True),
            "NEWFALSE": lambda _: self._push(False),
            "EMPTY_TUPLE": lambda _: self._push(()),
            "TUPLE2": lambda _: self._push(tuple(self._last(2))),
            "TUPLE3": lambda _: self._push(tuple(self._last(3))),
            "TUPLE": self._tuple,
            "APPEND": self._append,
            "APPENDS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._update(self._last(2)),
            "SETITEMS": lambda _: self._update(self._since_mark()),
            "BUILD": self._build,
        }
        self._operations = {ord(opcode.code): (_ARGUMENTS.get(opcode.name), operations[opcode.name])
                            for opcode in pickletools.opcodes if opcode.name in operations}

    def read(self, data, position):
        """Follow all instructions; return what they make and where they end.

        What nine of ten of them do stands here: a call for each would take most of the time.
        """
        operations, memo, stack = self._operations, self._memo, self._stack
        while (code := data[position]) != _STOP:        # IndexError where the data ends before
            position += 1
            if code == _BINGET:
                stack.append(memo[data[position]])
                position += 1
            elif code == _MEMOIZE:
                memo[len(memo)] = stack[-1]
            elif code == _BININT1:
                stack.append(data[position])
                position += 1
            elif code == _MARK:
                self._outer.append(stack)
                self._stack = stack = []
            elif code == _EMPTY_DICT:
                stack.append({})
            elif code == _EMPTY_LIST:
                stack.append([])
            elif code == _TUPLE1:
                stack[-1] = (stack[-1],)
            elif code == _BININT2:
                stack.append(_SHORT(data, position)[0])
                position += 2
            elif code == _BINFLOAT:
                stack.append(_DOUBLE(data, position)[0])
                position += 8
            elif code == _SHORT_BINUNICODE:
                end = position + 1 + data[position]
                if end > len(data):
                    raise ValueError("the data ends in the middle of a value")
                stack.append(data[position + 1:end].decode("utf-8", "surrogatepass"))
                position = end
            else:
                argument_of, operation = operations.get(code) or _refuse(code, position - 1)
                if argument_of is None:
                    operation(None)
                else:
                    argument, position = argument_of(data, position)
                    operation(argument)
                stack = self._stack
        return stack.pop(), position + 1

    def _push(self, value):
        self._stack.append(value)

    def _since_mark(self):
        items, self._stack = self._stack, self._outer.pop()
        return items

    def _tuple(self, _argument):
        items, self._stack = self._stack, self._outer.pop()
        self._stack.append(tuple(items))

    def _last(self, count):
        first = len(self._stack) - count
        if first < 0:
            raise ValueError("values are missing")
        items = self._stack[first:]
        del self._stack[first:]
        return items

    def _put(self, index):
        self._memo[index] = self._stack[-1]

    def _name(self, text):
        if text is None:                                # STACK_GLOBAL: module and name are on the stack
            module, name = self._last(2)
            if not (isinstance(module, str) and isinstance(name, str)):
                raise ValueError("a name is not a text")
            text = f"{module} {name}"
        if text not in self._allowed:
            raise Refused(f"it asks for {text[:100].replace(' ', '.')}, which could run code")
        self._push(_Name(self._allowed[text]))

    def _call(self, _argument):
        stack = self._stack
        arguments, name = stack.pop(), stack.pop()      # IndexError where they are missing
        if type(name) is not _Name or type(arguments) is not tuple:
            raise ValueError("something else than a name is called")
        stack.append({} if name.kind == MAPPING else Record(name.kind, arguments))

    def _build(self, _argument):
        state = self._stack.pop()
        if type(self._stack[-1]) is dict:               # attributes of a mapping are no data of it
            return
        if type(self._stack[-1]) is not Record:
            raise ValueError("something else than a record gets a state")
        self._stack[-1].state = state

    def _append(self, _argument):
        item = self._stack.pop()
        if type(self._stack[-1]) is not list:
            raise ValueError("something else than a list gets an item")
        self._stack[-1].append(item)

    def _extend(self, items):
        if type(self._stack[-1]) is not list:
            raise ValueError("something else than a list gets an item")
        self._stack[-1].extend(items)

    def _update(self, items):
        keys, target = self._keys(items[::2]), self._stack[-1]
        try:
            "".join(keys)                               # TypeError where one is no text
        except TypeError:
            target = None
        if type(target) is not dict or len(items) % 2:
            raise ValueError("something else than a dict with text keys gets an item")
        target.update(zip(keys, items[1::2]))

    @staticmethod
    def _keys(keys):
        return keys


class _ReaderBeside(_Reader):
    """Also follows references to other parts of the file, and takes whole numbers as keys."""

    def __init__(self, allowed):
        super().__init__(allowed)
        self._operations[_BINPERSID] = (None, self._refer)

    def _refer(self, _argument):
        self._push(Record(BESIDE, tuple(self._last(1))))

    @staticmethod
    def _keys(keys):
        return [str(key) if type(key) is int and abs(key) < _LARGEST_KEY else key for key in keys]
