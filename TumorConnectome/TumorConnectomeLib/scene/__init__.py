"""From files to what is seen in Slicer: MRML nodes, slice and 3D views, pictures of tumors. No Qt."""
