"""The synthetic demo cohort: chest phantoms, DICOM series, SR boxes and image descriptors, all from one seed."""
