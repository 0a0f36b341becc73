"""How much the patients' vectors resemble a text, or one text rather than another, as a column and a facet of the cohort.

Only a model whose vectors lie in one space with those of texts has such a similarity. Of the published ones this is Merlin
(Blankemeier et al., "Merlin", arXiv:2406.06512); its texts are reports of abdominal CT, so that all of this is an experiment.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..base.errors import InputError
from .cohort import Cohort
from .column_facets import numeric_facet

#: column of the patient table, and key of the facet
TEXT_COLUMN = "text_similarity"
#: said wherever these numbers are shown
CAVEAT = "Experiment: the published model with a text encoder, Merlin, was trained on abdominal CT."


@dataclass(frozen=True)
class Phrase:
    """What the patients are compared with.

    Parameters
    ----------
    model : str
        Model in whose space the text's vector lies.
    text : str
    against : str
        A second text, "" for none: then the figure is the difference of the two similarities.
    """

    model: str
    text: str
    against: str = ""

    @property
    def title(self) -> str:
        """What the column is called."""
        return f"\"{self.text}\" rather than \"{self.against}\"" if self.against else f"Similarity to \"{self.text}\""

    @property
    def note(self) -> str:
        """What its numbers are, and how far they can be trusted."""
        what = (f"Cosine similarity of the patient's vector and the text's, minus that of the second text, by {self.model}: -2 "
                "to 2, 0 for no preference.") if self.against else (
            f"Cosine similarity of the patient's vector and the text's by {self.model}: -1 to 1.")
        return f"{what} {CAVEAT}"


def text_similarity(embedding: np.ndarray, vector: np.ndarray, against: np.ndarray | None = None) -> np.ndarray:
    """Cosine similarity of each row of an embedding to a text's vector, or the difference of those to two.

    Parameters
    ----------
    embedding : np.ndarray
        Shape (N, D), finite, no zero rows.
    vector, against : np.ndarray
        Shape (D,), finite, not zero.

    Returns
    -------
    np.ndarray
        float64, shape (N,).

    Raises
    ------
    InputError
        The vectors have another number of dimensions.
    """
    rows = np.asarray(embedding, float)
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = np.zeros(len(rows))
    for sign, text in ((1.0, vector), (-1.0, against)):
        if text is None:
            continue
        text = np.asarray(text, float)
        if text.shape != rows.shape[1:]:
            raise InputError(f"the text's vector has {text.size} numbers", expected=f"{rows.shape[1]}, as the model's vectors")
        found += sign * (rows @ (text / np.linalg.norm(text)))
    return found


def with_text_similarity(cohort: Cohort, phrase: Phrase, numbers: np.ndarray) -> Cohort:
    """The cohort with the column TEXT_COLUMN in its patient table and a facet of it, after all others.

    Parameters
    ----------
    cohort : Cohort
    phrase : Phrase
    numbers : np.ndarray
        float64, shape (N,), see `text_similarity`.
    """
    if len(numbers) != len(cohort.patients):
        raise InputError(f"{len(numbers)} similarities", source=cohort.name,
                         expected=f"{len(cohort.patients)}, one per patient")
    patients = cohort.patients.copy()
    patients[TEXT_COLUMN] = np.asarray(numbers, np.float64)
    facets = {**{key: facet for key, facet in cohort.facets.items() if key != TEXT_COLUMN},
              TEXT_COLUMN: numeric_facet(TEXT_COLUMN, phrase.title, patients[TEXT_COLUMN].to_numpy(), phrase.note)}
    return replace(cohort, patients=patients, facets=facets,
                   column_notes={**cohort.column_notes, TEXT_COLUMN: (phrase.title, phrase.note)})
