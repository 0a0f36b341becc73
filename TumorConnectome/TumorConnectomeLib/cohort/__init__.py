"""What a cohort is: patients, embeddings, facets, filters, groups and columns. No files of vectors, no figures."""
