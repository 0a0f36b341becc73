"""Fixtures for all tests of this folder."""
from idc_fixtures import fetcher, gate, study  # noqa: F401
