"""Seeded random numbers and UIDs: the same names always give the same values, in every process."""
import uuid
import zlib

import numpy as np

#: part of every UID and of the cohort's provenance: raise it whenever a pixel, UID or value changes
GENERATOR_VERSION = "1"
SEED = 20_240_917
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_OID, f"TumorConnectome synthetic demo cohort, version {GENERATOR_VERSION}, seed {SEED}")


def random_generator(number: int, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the generator of one purpose of patient `number`: independent of all others and of the order of use.

    Slices of a CT pass their number as `index`, so one slice's noise needs no other slice.
    """
    key = (number, zlib.crc32(purpose.encode("ascii")), index)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(SEED, spawn_key=key)))


def uid(*names: object) -> str:
    """Return the DICOM UID of a name: a name-based UUID under 2.25 (PS3.5 B.2), at most 44 characters."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(map(str, names))).int}"
