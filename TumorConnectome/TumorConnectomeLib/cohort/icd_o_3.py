"""Lung cancer morphology: ICD-O-3 codes, their names and histological groups.

Codes and names: International Classification of Diseases for Oncology, 3rd edition (WHO, 2000; revisions of 2011 and
2019), as far as they occur in the National Lung Screening Trial. Groups: WHO Classification of Thoracic Tumours, 5th
edition (2021). Keying on the code keeps "oat cell carcinoma" among the small cell and "adenosquamous carcinoma" out of the
squamous cell carcinomas, which matching words in the name does not.
"""

GROUPS = ("Adenocarcinoma", "Squamous cell", "Small cell", "Large cell", "Neuroendocrine", "NSCLC, NOS", "Other")
#: what the groups are that a reader might expect elsewhere
GROUP_NOTE = ("WHO classification 2021: large cell neuroendocrine carcinoma and carcinoids are neuroendocrine (small cell "
              "carcinoma, which is so too, is a group of its own); so is non-small cell carcinoma, not otherwise specified.")

#: code -> (name, group)
MORPHOLOGY = {
    8000: ("Neoplasm, malignant", "Other"),
    8010: ("Carcinoma, NOS", "Other"),
    8012: ("Large cell carcinoma, NOS", "Large cell"),
    8013: ("Large cell neuroendocrine carcinoma", "Neuroendocrine"),
    8014: ("Large cell carcinoma with rhabdoid phenotype", "Large cell"),
    8020: ("Carcinoma, undifferentiated, NOS", "Other"),
    8022: ("Pleomorphic carcinoma", "Other"),
    8032: ("Spindle cell carcinoma", "Other"),
    8033: ("Pseudosarcomatous carcinoma", "Other"),
    8041: ("Small cell carcinoma, NOS", "Small cell"),
    8042: ("Oat cell carcinoma", "Small cell"),
    8043: ("Small cell carcinoma, fusiform cell", "Small cell"),
    8044: ("Small cell carcinoma, intermediate cell", "Small cell"),
    8045: ("Combined small cell carcinoma", "Small cell"),
    8046: ("Non-small cell carcinoma", "NSCLC, NOS"),
    8052: ("Papillary squamous cell carcinoma", "Squamous cell"),
    8070: ("Squamous cell carcinoma, NOS", "Squamous cell"),
    8071: ("Squamous cell carcinoma, keratinizing, NOS", "Squamous cell"),
    8072: ("Squamous cell carcinoma, large cell, nonkeratinizing, NOS", "Squamous cell"),
    8073: ("Squamous cell carcinoma, small cell, nonkeratinizing", "Squamous cell"),
    8074: ("Squamous cell carcinoma, spindle cell", "Squamous cell"),
    8083: ("Basaloid squamous cell carcinoma", "Squamous cell"),
    8140: ("Adenocarcinoma, NOS", "Adenocarcinoma"),
    8144: ("Adenocarcinoma, intestinal type", "Adenocarcinoma"),
    8200: ("Adenoid cystic carcinoma", "Other"),
    8230: ("Solid adenocarcinoma", "Adenocarcinoma"),
    8240: ("Carcinoid tumor, NOS", "Neuroendocrine"),
    8246: ("Neuroendocrine carcinoma, NOS", "Neuroendocrine"),
    8249: ("Atypical carcinoid tumor", "Neuroendocrine"),
    8250: ("Lepidic adenocarcinoma", "Adenocarcinoma"),
    8251: ("Alveolar adenocarcinoma", "Adenocarcinoma"),
    8252: ("Bronchiolo-alveolar carcinoma, non-mucinous", "Adenocarcinoma"),
    8253: ("Invasive mucinous adenocarcinoma", "Adenocarcinoma"),
    8254: ("Mixed invasive mucinous and non-mucinous adenocarcinoma", "Adenocarcinoma"),
    8255: ("Adenocarcinoma with mixed subtypes", "Adenocarcinoma"),
    8256: ("Minimally invasive adenocarcinoma, non-mucinous", "Adenocarcinoma"),
    8257: ("Minimally invasive adenocarcinoma, mucinous", "Adenocarcinoma"),
    8260: ("Papillary adenocarcinoma, NOS", "Adenocarcinoma"),
    8265: ("Micropapillary adenocarcinoma", "Adenocarcinoma"),
    8310: ("Clear cell adenocarcinoma, NOS", "Adenocarcinoma"),
    8323: ("Mixed cell adenocarcinoma", "Adenocarcinoma"),
    8333: ("Fetal adenocarcinoma", "Adenocarcinoma"),
    8430: ("Mucoepidermoid carcinoma", "Other"),
    8480: ("Mucinous adenocarcinoma", "Adenocarcinoma"),
    8481: ("Mucin-producing adenocarcinoma", "Adenocarcinoma"),
    8490: ("Signet ring cell carcinoma", "Adenocarcinoma"),
    8550: ("Acinar cell carcinoma", "Adenocarcinoma"),
    8551: ("Acinar adenocarcinoma", "Adenocarcinoma"),
    8560: ("Adenosquamous carcinoma", "Other"),
}

#: spellings of the NLST tables that differ from the names above
_SPELLINGS = {"carcinoma in situ, nos": 8010, "sq. cell carcinoma, keratinizing, nos": 8071,
              "sq. cell carcinoma, lg. cell, non-ker": 8072, "neuroendocrine carcinoma": 8246}
#: short for adenocarcinoma of the lung
_ADENO = ("adeno", "luad", "adc")
_ADENO_WORDS = ("adenocarcinoma", "lepidic", "bronchioloalveolar", "bronchiolo-alveolar")
_BY_NAME = {**{name.lower(): code for code, (name, _group) in MORPHOLOGY.items()}, **_SPELLINGS}


def code_of_name(name: str) -> int | None:
    """ICD-O-3 morphology code of a name as NLST writes it, None if unknown."""
    return _BY_NAME.get(name.strip().lower())


def histological_group(code: float, name: str = "") -> str | None:
    """Group of a tumor, one of GROUPS, by its code or else its name; None when neither says anything.

    Examples
    --------
    >>> histological_group(8140), histological_group(float("nan"), "Papillary adenocarcinoma, NOS")
    ('Adenocarcinoma', 'Adenocarcinoma')
    """
    if code != code:                                    # NaN
        code = code_of_name(name)
    if code is None:
        return _group_by_words(name.lower())
    return MORPHOLOGY.get(int(code), ("", "Other"))[1]


def is_known_name(name: str) -> bool:
    """Whether a name says which group a tumor is of, be it \"Other\"."""
    return code_of_name(name) is not None or _group_by_words(name.lower()) is not None


def _group_by_words(name):
    """Group of a name that is none of the classification; None when it tells nothing."""
    if "adenosquamous" in name or "neuroendocrine" in name or "carcinoid" in name:
        return "Other"
    if name in _ADENO or any(word in name for word in _ADENO_WORDS):
        return "Adenocarcinoma"
    if "squamous" in name or name == "lusc":
        return "Squamous cell"
    if "small cell" in name.replace("-", " ") and "non" not in name or name == "sclc":
        return "Small cell"
    if "large cell" in name.replace("-", " ") or name == "lcc":
        return "Large cell"
    return "Other" if "carcinoma" in name or "nsclc" in name else None
