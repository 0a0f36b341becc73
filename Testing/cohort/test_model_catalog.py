"""What is said about the models."""
import re

import pytest

from TumorConnectomeLib.cohort.model_catalog import model_info
from TumorConnectomeLib.synthetic.descriptors import DESCRIPTORS

PUBLISHED = ("CTClipVit", "CTFM", "FMCIB", "Merlin", "ModelsGen", "PASTA", "SUPREME", "VISTA3D", "Voco")


@pytest.mark.parametrize("key", PUBLISHED)
def test_a_published_model_has_all_that_a_reader_needs(key):
    info = model_info(key)
    assert info.key == key and len(info.description) > 60 and info.reference
    assert re.fullmatch(r"https://(doi\.org/10\.\d{4,}/\S+|arxiv\.org/abs/\d{4}\.\d{5})", info.url)


@pytest.mark.parametrize("key", PUBLISHED)
def test_its_citation_is_bibtex_with_the_paper_that_the_link_leads_to(key):
    info = model_info(key)
    head, *fields, end = info.citation.split("\n")
    assert re.fullmatch(r"@(article|misc|inproceedings)\{[a-z]+20\d\d[a-z0-9]+,", head) and end == "}"
    assert all(re.fullmatch(r"  (\w+) = \{.+\},?", field) for field in fields)
    assert info.citation.count("{") == info.citation.count("}")
    values = dict(re.findall(r"^  (\w+) = \{(.+)\},?$", info.citation, re.MULTILINE))
    assert {"title", "author", "year"} <= set(values)
    assert info.url.endswith(values.get("doi") or values["eprint"])
    year = re.search(r"20\d\d", head)[0]
    assert values["year"] == year and year in info.reference
    assert values["title"].replace("{", "").replace("}", "").lower() in info.reference.lower()


def test_descriptions_and_links_are_not_shared():
    infos = [model_info(key) for key in PUBLISHED]
    for part in ("name", "description", "url", "citation"):
        assert len({getattr(info, part) for info in infos}) == len(PUBLISHED)


@pytest.mark.parametrize("key", [*DESCRIPTORS, "SeededRandomFeatures"])
def test_the_synthetic_descriptors_are_described_as_what_they_are(key):
    info = model_info(key)
    assert info.description.startswith("Not a trained model") and not info.citation and not info.url


def test_an_unknown_model_gets_a_neutral_entry():
    info = model_info("MyNet")
    assert (info.key, info.name, info.reference, info.url, info.citation) == ("MyNet", "MyNet", "", "", "")
    assert "no more is known" in info.description


def test_a_model_is_found_whatever_the_case_of_its_file_name():
    assert model_info("VOCO") is model_info("Voco")
