"""CT slices with compressed pixels, for what pydicom can write and for what it can not."""
import io

import numpy as np
import pydicom
from dicom_factory import make_ct, save
from pydicom.encaps import encapsulate

UID = pydicom.uid


def twelve_bit_ct(folder, count=4, size=(24, 20), change=lambda index, dataset: None):
    """A series of unsigned 12-bit slices of noise, as many scanners store them; `change` may alter each first."""
    slices = make_ct(folder, count, size=size)
    for index, dataset in enumerate(slices):
        dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 0, 12, 11
        dataset.RescaleSlope, dataset.RescaleIntercept = "1", "-1024"
        dataset.PixelData = np.random.default_rng(index).integers(0, 4096, size, np.uint16).tobytes()
        change(index, dataset)
        save(dataset, dataset.filename)
    return slices


def hu_of(slices):
    """HU of uncompressed slices: float64, shape (S, rows, columns)."""
    return np.stack([dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept) for dataset in slices])


def compress(dataset, syntax):
    """Write a slice again in another transfer syntax."""
    if syntax in (UID.RLELossless, UID.JPEGLSLossless):
        dataset.compress(syntax, generate_instance_uid=False)
        dataset.save_as(dataset.filename, enforce_file_format=True)
        return
    if syntax in (UID.JPEG2000Lossless, UID.HTJ2KLossless):             # nobody here writes the second: the name is enough
        data = _jpeg_2000(dataset.pixel_array)
    elif syntax in (UID.JPEGLosslessSV1, UID.JPEGLossless):
        data = jpeg_lossless(dataset.pixel_array, 12)
    elif syntax == UID.ExplicitVRBigEndian:
        dataset.PixelData = dataset.pixel_array.astype(">u2").tobytes()
        dataset.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(dataset.filename, dataset, enforce_file_format=True, implicit_vr=False, little_endian=False)
        return
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.save_as(dataset.filename, enforce_file_format=True)
        return
    dataset.PixelData = encapsulate([data])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(dataset.filename, enforce_file_format=True)


def _jpeg_2000(pixels):
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint16)).save(stream, "JPEG2000", irreversible=False, no_jp2=True)
    return stream.getvalue()


def jpeg_lossless(pixels, precision):
    """A JPEG lossless image (ITU-T T.81, process 14, selection value 1): differences to the left pixel, codes of 5 bits."""
    rows, columns = pixels.shape
    values = pixels.astype(np.int64)
    predicted = np.empty_like(values)
    predicted[:, 1:], predicted[1:, 0], predicted[0, 0] = values[:, :-1], values[:-1, 0], 1 << (precision - 1)
    bits = []
    for difference in (values - predicted).ravel().tolist():
        category = abs(difference).bit_length()
        bits.append(f"{category:05b}")                  # the Huffman code of category n is n itself, see below
        if category:
            bits.append(f"{difference if difference > 0 else difference + (1 << category) - 1:0{category}b}")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    scan = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")
    codes = bytes([0, 0, 0, 0, 17, *[0] * 11]) + bytes(range(17))           # 17 codes of 5 bits, of categories 0 to 16
    frame = bytes([precision]) + rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + bytes([1, 1, 0x11, 0])

    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body

    return (b"\xff\xd8" + segment(0xC3, frame) + segment(0xC4, b"\0" + codes) + segment(0xDA, bytes([1, 1, 0, 1, 0, 0]))
            + scan + b"\xff\xd9")
