"""Controllers of the Slicer module: they join core, imaging and widgets, and hold no algorithm of their own."""
