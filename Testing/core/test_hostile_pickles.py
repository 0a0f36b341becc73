"""Pickles that attack the reader: nothing may run, memory and time stay small, every error is an InputError."""
import builtins
import os
import pickle
import random
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pickle_factory
import pytest

from TumorConnectomeLib.core.errors import InputError
from TumorConnectomeLib.core.jobs import LIBRARY_FOLDER
from TumorConnectomeLib.readers.embedding_pickle import read_embedding_pickle

GOOD = pickle_factory.published(np.arange(24).reshape(3, 8), [pickle_factory.row(i) for i in range(3)])
START, STOP = b"\x80\x04", b"."
#: far more than reading GOOD takes, far less than any attack below asks for
MEMORY_LIMIT = 4 << 20


def read_within_memory_limit(path, data):
    """The InputError that reading `data` gives, None if it is read."""
    path.write_bytes(data)
    tracemalloc.start()
    try:
        read_embedding_pickle(path)
    except InputError as error:
        return error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < MEMORY_LIMIT
    return None


@pytest.fixture
def path(tmp_path):
    return tmp_path / "CTFM_features.pkl"


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


@pytest.mark.parametrize("where", ["whole file", "value of 'all'", "row", "feature", "argument of an allowed name"])
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_nothing_in_a_file_is_run(path, tmp_path, where, protocol):
    marker = tmp_path / "it ran"
    for call in (Call(os.system, f"touch '{marker}'"), Call(builtins.eval, f"open({str(marker)!r}, 'w')"),
                 Call(os.mkdir, str(marker)), Call(getattr, "text", "upper")):
        content = {"whole file": call, "value of 'all'": {"all": call}, "row": {"all": [{"feature": None, "row": call}]},
                   "feature": {"all": [{"feature": call, "row": {}}]},
                   "argument of an allowed name": {"all": [{"feature": Call(np.dtype, call), "row": {}}]}}[where]
        path.write_bytes(pickle.dumps(content, protocol=protocol))
        with pytest.raises(InputError, match="refused, because"):
            read_embedding_pickle(path)
        assert not marker.exists()


@pytest.mark.parametrize("name", ["os system", "posix system", "builtins eval", "builtins exec", "builtins getattr",
                                  "builtins __import__", "subprocess Popen", "numpy load", "numpy dtype.type",
                                  "pandas read_pickle", "numpy.testing._private.utils runstring",
                                  "TumorConnectomeLib.core.files default_cache_folder"])
def test_names_outside_the_allow_list_are_refused_and_told(path, name):
    module, _, function = name.partition(" ")
    texts = b"".join(b"\x8c" + bytes([len(text)]) + text.encode() for text in (module, function))
    for data in (START + texts + b"\x93" + STOP, START + f"c{module}\n{function}\n".encode() + STOP):
        error = read_within_memory_limit(path, data)
        assert f"it asks for {module}.{function}, which could run code" in str(error)


def test_a_name_of_many_lines_gives_an_error_of_one_line(path):
    name = b"os\n\n\x1b[2Jsystem" + b"x" * 200
    error = read_within_memory_limit(path, START + b"\x8c\x02os\x8c" + bytes([len(name)]) + name + b"\x93" + STOP)
    assert str(error).isprintable()
    assert len(str(error)) < 500


@pytest.mark.parametrize("data", [
    b"Psome id\n.", START + b"\x8c\x02idQ.",            # persistent ids
    START + b"\x82\x01.", START + b"\x84\x01\x00\x00\x00.",                             # extension registry
    START + b"(cnumpy\ndtype\no.", b"(inumpy\ndtype\n.", START + b"cnumpy\ndtype\n)}\x92.",  # other ways to call
    START + b"\x97.", START + b"\x8f(K\x01\x90.", START + b"(K\x01\x91.", START + b"}2.", START + b"}}0.",
])
def test_instructions_that_no_embedding_file_needs_are_refused(path, data):
    assert "it has the instruction" in str(read_within_memory_limit(path, data))


@pytest.mark.parametrize("data", [
    START + b"cnumpy\nndarray\n}\x8c\x01aK\x01sb.",      # state for an allowed name itself: would change a class
    START + b"cnumpy.core.multiarray\n_reconstruct\n}\x8c\x0c__defaults__)sb.",
    START + b"}}b.", START + b"]}b.", START + b")Nb.",    # state for a dict, list, tuple
    START + b"K\x05)R.", START + b"})\x81.",               # a call of a number, an object of a dict
    START + b"cnumpy\ndtype\n)R)R.",                      # a call of what an allowed name made
    START + b"cnumpy\ndtype\n]R.",                        # arguments that are no tuple
    START + b")K\x01a.", START + b"}K\x01a.", START + b")(K\x01e.",     # items for what is no list
    START + b"}K\x01K\x02s.", START + b"}(K\x01u.", START + b"]K\x01K\x02s.",   # keys that are no texts, odd numbers
    START + b"h\x05.", START + b"j\xff\xff\xff\xff.", START + b"K\x01K\x02\x93.",
    START + b".", START + b"\x94.", START + b"t.", START + b"K\x01\x86.", START + b"(K\x01.",
    START + b"e.", START + b"b.", b"", b".",
])
def test_instructions_that_make_no_sense_are_refused(path, data):
    assert read_within_memory_limit(path, data) is not None


@pytest.mark.parametrize("data", [
    START + b"}r" + struct.pack("<I", 0xFFFFFFFF) + STOP,                          # memo index: a table of 64 GB
    START + b"}r" + struct.pack("<I", 50_000_000) + STOP,
    START + b"B" + struct.pack("<I", 0x7FFFFFFF) + b"x" + STOP,                    # length of bytes
    START + b"\x8e" + struct.pack("<Q", 2 ** 62) + b"x" + STOP,
    START + b"\x8d" + struct.pack("<Q", 2 ** 40) + b"x" + STOP,
    START + b"\x8b" + struct.pack("<i", 0x7FFFFFFF) + b"x" + STOP,                 # length of a number
    START + b"\x95" + struct.pack("<Q", 2 ** 60) + b"}" + STOP,                    # length of a frame
])
def test_declared_sizes_reserve_no_memory(path, data):
    assert read_within_memory_limit(path, data) is not None


READ_ALL = """
import sys
from TumorConnectomeLib.readers.embedding_pickle import read_embedding_pickle
from TumorConnectomeLib.core.errors import InputError
for path in sys.argv[1:]:
    try:
        read_embedding_pickle(path)
    except InputError:
        print("refused")
"""


def nested_tuples(depth):
    """((((), ()), ((), ())), ...): 2^depth leaves in a few bytes, to be hashed, compared or printed for ever."""
    return START + b")\x94" + b"".join(b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86\x94" for i in range(depth))


#: what is done with such a value: it is the file, a value, an argument, a key, a vector, a row
USES = [
    b".", b"\x8c\x03all}\x8c\x03allh\x63s.", b"cnumpy\ndtype\nh\x63R.",
    b"}h\x63h\x63s.", b"}\x8c\x03all](}\x8c\x07featureh\x63s\x8c\x07featureh\x63\x8c\x03rowh\x63es.",
    b"}\x8c\x03all]}(\x8c\x07featureh\x63\x8c\x03rowh\x63uas.",
]


def test_values_that_unfold_exponentially_are_never_unfolded(tmp_path):
    """In a process of its own, which can be ended: unfolding would take longer than the universe exists."""
    paths = [tmp_path / f"{number}_features.pkl" for number in range(len(USES))]
    for path, use in zip(paths, USES):
        path.write_bytes(nested_tuples(99) + use)
    result = subprocess.run([sys.executable, "-c", READ_ALL, *map(str, paths)], capture_output=True, text=True, timeout=60,
                            env={**os.environ, "PYTHONPATH": str(LIBRARY_FOLDER)}, check=True)
    assert result.stdout.split() == ["refused"] * len(USES)


def test_a_list_within_itself_is_refused(path):
    assert read_within_memory_limit(path, START + b"}\x8c\x03all]\x94h\x00as.") is not None


def test_deep_nesting_is_refused(path):
    assert read_within_memory_limit(path, START + b"]" * 5000 + b"a" * 4999 + STOP) is not None


def test_one_vector_listed_many_times_does_not_fill_the_memory(path):
    item = pickle_factory.items(np.ones((1, 1000)), [pickle_factory.row(1)])[0]
    error = read_within_memory_limit(path, pickle_factory.dumps({"all": [item] * 10_000}))
    assert "lists more values than it holds" in str(error)


def test_a_file_cut_off_anywhere_is_refused(path):
    for length in range(len(GOOD)):
        path.write_bytes(GOOD[:length])
        with pytest.raises(InputError):
            read_embedding_pickle(path)


def mutated(rng):
    """GOOD with one to four bytes changed, inserted, removed, or a piece repeated or moved."""
    data = bytearray(GOOD)
    for _ in range(rng.randint(1, 4)):
        place, other = rng.randrange(len(data)), rng.randrange(len(data))
        kind = rng.choice(("change", "flip a bit", "insert", "remove", "repeat", "overwrite"))
        if kind == "change":
            data[place] = rng.randrange(256)
        elif kind == "flip a bit":
            data[place] ^= 1 << rng.randrange(8)
        elif kind == "insert":
            data.insert(place, rng.randrange(256))
        elif kind == "remove":
            del data[place:place + rng.randint(1, 8)]
        elif kind == "repeat":
            data[place:place] = data[other:other + rng.randint(1, 60)]
        else:
            data[place:place + 20] = data[other:other + 20]
    return bytes(data)


def test_damaged_files_are_read_or_refused_within_the_memory_limit(path):
    rng = random.Random(20240601)
    errors = [read_within_memory_limit(path, mutated(rng)) for _ in range(800)]
    refused = [error for error in errors if error is not None]
    assert all(str(error).isprintable() and "CTFM_features.pkl" in str(error) for error in refused)
    assert not any("MemoryError" in str(error) or "RecursionError" in str(error) for error in refused)
    assert 400 < len(refused) < 800                     # values may change unnoticed, the structure may not
