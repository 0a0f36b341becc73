"""Readers of a user's own cohort: CSV, TSV, Parquet, npz, npy with a table, and pickles of the published form.

`recognition` decides what the columns of a file are, one reader per kind of file makes `EmbeddingFile`s, and `own_cohort`
joins them to a Cohort.
"""
