"""Looks at a pickle without unpickling it.

A pickle is a program that can import and call anything. Here its instructions are followed only as far as plain data
needs: dicts with text keys, lists, tuples, numbers, texts and bytes. Where it would call something, a `Record` says what
and with which arguments, for names on an allow-list; any other name or instruction is refused. Nothing is imported, called
or hashed, and time and memory stay in proportion to the size of the data, whatever is in it.
"""
from __future__ import annotations

import pickletools
from collections.abc import Mapping
from dataclasses import dataclass


class Refused(ValueError):
    """The pickle asks for a name or an instruction that is not allowed."""


@dataclass(eq=False)
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
    return _Reader(allowed).read(data)


@dataclass(frozen=True)
class _Name:
    kind: str


class _Reader:
    """The stack machine of pickle; each operation gets the argument of its instruction, None if it has none."""

    def __init__(self, allowed):
        self._allowed = allowed
        self._stack, self._outer, self._memo = [], [], {}
        pushed = ("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8",
                  "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "NONE")
        self._operations = {
            **dict.fromkeys(pushed, self._push),
            **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda _: None),
            **dict.fromkeys(("MEMOIZE", "BINPUT", "LONG_BINPUT"), self._put),
            **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda index: self._push(self._memo[index])),
            **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), self._name),
            **dict.fromkeys(("REDUCE", "NEWOBJ"), self._call),
            "NEWTRUE": lambda _: self._push(True),
            "NEWFALSE": lambda _: self._push(False),
            "EMPTY_DICT": lambda _: self._push({}),
            "EMPTY_LIST": lambda _: self._push([]),
            "EMPTY_TUPLE": lambda _: self._push(()),
            "TUPLE1": lambda _: self._push(tuple(self._last(1))),
            "TUPLE2": lambda _: self._push(tuple(self._last(2))),
            "TUPLE3": lambda _: self._push(tuple(self._last(3))),
            "TUPLE": lambda _: self._push(tuple(self._since_mark())),
            "MARK": self._mark,
            "APPEND": lambda _: self._extend(self._last(1)),
            "APPENDS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._update(self._last(2)),
            "SETITEMS": lambda _: self._update(self._since_mark()),
            "BUILD": self._build,
        }

    def read(self, data):
        for opcode, argument, _position in pickletools.genops(data):
            operation = self._operations.get(opcode.name)
            if operation is None:
                raise Refused(f"it has the instruction {opcode.name}, which plain data does not need")
            operation(argument)
        return self._stack.pop()

    def _push(self, value):
        self._stack.append(value)

    def _mark(self, _argument):
        self._outer.append(self._stack)
        self._stack = []

    def _since_mark(self):
        items, self._stack = self._stack, self._outer.pop()
        return items

    def _last(self, count):
        first = len(self._stack) - count
        if first < 0:
            raise ValueError("values are missing")
        items = self._stack[first:]
        del self._stack[first:]
        return items

    def _put(self, index):
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

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
        name, arguments = self._last(2)
        if not (isinstance(name, _Name) and isinstance(arguments, tuple)):
            raise ValueError("something else than a name is called")
        self._push(Record(name.kind, arguments))

    def _build(self, _argument):
        (state,) = self._last(1)
        if not isinstance(self._stack[-1], Record):
            raise ValueError("something else than a record gets a state")
        self._stack[-1].state = state

    def _extend(self, items):
        if not isinstance(self._stack[-1], list):
            raise ValueError("something else than a list gets an item")
        self._stack[-1].extend(items)

    def _update(self, items):
        keys, target = items[::2], self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2 or not all(isinstance(key, str) for key in keys):
            raise ValueError("something else than a dict with text keys gets an item")
        target.update(zip(keys, items[1::2]))
