"""The structure of embedding spaces: hubs and their repair, agreement of models, probes and maps."""
