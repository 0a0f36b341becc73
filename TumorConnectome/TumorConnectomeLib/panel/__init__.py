"""The panel of the Slicer module: a file for each section, which joins what the other rooms do; no algorithm of its own."""
