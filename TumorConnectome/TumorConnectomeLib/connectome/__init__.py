"""The connectome of a cohort: neighbor lists and layout of every model, queries, results in files."""
