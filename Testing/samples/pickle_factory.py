"""Makes embedding pickles: of the published form byte for byte, with any pandas or none, and with the real pandas."""
import copyreg
import io
import pickle

import numpy as np

#: modules that the published files (pandas 2, numpy 1) name
PUBLISHED_NAMES = {
    "reconstruct": ("numpy.core.multiarray", "_reconstruct"), "ndarray": ("numpy", "ndarray"), "dtype": ("numpy", "dtype"),
    "Series": ("pandas.core.series", "Series"), "Manager": ("pandas.core.internals.managers", "SingleBlockManager"),
    "new_index": ("pandas.core.indexes.base", "_new_Index"), "Index": ("pandas.core.indexes.base", "Index"),
}
_FEATURE, _ROW, _DATA, _NAME, _LITTLE = "feature", "row", "data", "name", "<"
_METADATA = [_NAME]                                     # one list for all rows: an attribute of the class in pandas


class _Global:
    """A name the pickle refers to."""

    def __init__(self, key):
        self.key = key

    def __call__(self):                                 # pickle wants callables where it writes a call
        raise NotImplementedError


class Series:
    """Stand-in that is written as a pandas.Series of one block of objects."""


class Manager:
    """Stand-in that is written as a pandas SingleBlockManager."""


class Array:
    """Stand-in that is written as a numpy array: shape, dtype code such as "f4" or "O8", its bytes or list of objects."""

    def __init__(self, shape, code, data, order=_LITTLE):
        self.shape, self.code, self.data, self.order = tuple(shape), code, data, order


class _DType:
    def __init__(self, code, order):
        self.code, self.order = code, order


class _Index:
    def __init__(self, names):
        self.values = Array([len(names)], "O8", list(names), "|")


_GLOBALS = {key: _Global(key) for key in ("reconstruct", "ndarray", "dtype", "new_index", "Index")}


class _PublishedForm(pickle._Pickler):
    """Writes the stand-ins under the names of what they stand for; numpy and pandas are not needed."""

    def __init__(self, stream, names):
        super().__init__(stream, protocol=4)
        self._names, self._dtypes, self._code = names, {}, b"b"

    def save_global(self, obj, name=None):
        key = obj.key if isinstance(obj, _Global) else name if name in self._names else None
        if key is None:
            super().save_global(obj, name)
            return
        for text in self._names[key]:
            self.save(_same(text))
        self.write(pickle.STACK_GLOBAL)
        self.memoize(obj)

    def reducer_override(self, obj):
        if isinstance(obj, _Global):
            return obj.key
        if obj in (Series, Manager):
            return obj.__name__
        if isinstance(obj, Array):
            dtype = self._dtypes.setdefault(repr((obj.code, obj.order)), _DType(obj.code, obj.order))
            return (_GLOBALS["reconstruct"], (_GLOBALS["ndarray"], _fresh(0), self._code),
                    (1, obj.shape, dtype, False, obj.data))
        if isinstance(obj, _DType):
            flags = 63 if obj.code == "O8" else 0
            return _GLOBALS["dtype"], (obj.code, False, True), (3, obj.order, None, None, None, -1, -1, flags)
        if isinstance(obj, _Index):
            return _GLOBALS["new_index"], (_GLOBALS["Index"], {_DATA: obj.values, _NAME: None})
        if isinstance(obj, (Series, Manager)):
            return copyreg.__newobj__, (type(obj),), obj.state
        return NotImplemented


_TEXTS: dict[str, str] = {}


def _same(text):
    """One object for equal texts, as interned names are in the published files."""
    return _TEXTS.setdefault(text, text)


def _fresh(*values):
    return values                         # a new object, which pickle does not write as a repetition


def series(values: dict, number=0, index=None) -> Series:
    """The row of a table as the published files hold it; rows that share `index` share it in the file too."""
    index = index or _Index([_same(name) for name in values])
    block = Array([len(values)], "O8", list(values.values()), "|")
    inner_index = _Index(index.values.data)
    manager = Manager()
    axes = [index]
    manager.state = (axes, [block], [inner_index], {
        _same("0.14.1"): {_same("axes"): axes, _same("blocks"): [
            {_same("values"): block, _same("mgr_locs"): slice(0, len(values), 1)}]}})
    made = Series()
    made.state = {_same("_mgr"): manager, _same("_typ"): _same("series"), _same("_metadata"): _METADATA, _same("attrs"): {},
                  _same("_flags"): {_same("allows_duplicate_labels"): True}, _NAME: number}
    return made


def feature(values) -> Array:
    """A vector as the published files hold it: float32, shape (1, D)."""
    values = np.asarray(values, "<f4").reshape(1, -1)
    return Array(values.shape, "f4", values.tobytes())


def items(features, rows) -> list[dict]:
    """The list under 'all': features (R, D) and R dicts, as stand-ins."""
    index = _Index([_same(name) for name in rows[0]]) if len({tuple(row) for row in rows}) == 1 else None
    return [{_FEATURE: feature(values), _ROW: series(row, number, index)}
            for number, (values, row) in enumerate(zip(features, rows))]


def dumps(content, names=PUBLISHED_NAMES) -> bytes:
    """Bytes of a pickle that may hold stand-ins."""
    stream = io.BytesIO()
    _PublishedForm(stream, names).dump(content)
    return stream.getvalue()


def published(features, rows) -> bytes:
    """A whole embedding file of the published form."""
    return dumps({_same("all"): items(features, rows)})


def with_pandas(features, rows) -> bytes:
    """An embedding file written by the installed numpy and pandas, with texts as Python objects."""
    import pandas as pd
    made = [{"feature": np.asarray(values, np.float32).reshape(1, -1),
             "row": pd.Series(list(row.values()), index=pd.Index(list(row), dtype=object), dtype=object, name=number)}
            for number, (values, row) in enumerate(zip(features, rows))]
    return pickle.dumps({"all": made}, protocol=4)


def row(patient, series_uid="1.2.3", **more) -> dict:
    """Values of one row with the columns of the published files that a cohort reads."""
    return {"PatientID": patient, "SeriesInstanceUID": series_uid, "SOPInstanceUID": "1.2.3.4", "coordX": -91.5,
            "labels_de_stag_mapped": 0, "labels_de_type": 8250, "labels_de_type_mapped": "Lepidic adenocarcinoma", **more}
