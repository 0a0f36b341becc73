"""The networks, one file each, over the layers of `embedding.layers`."""
