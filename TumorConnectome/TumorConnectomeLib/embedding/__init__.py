"""A tumor's vector from its CT: crop, weights and networks in numpy alone; files only, no Slicer, no Qt."""
