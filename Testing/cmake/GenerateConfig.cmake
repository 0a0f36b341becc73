# Stand-in for ${Slicer_EXTENSION_GENERATE_CONFIG}, which lets other extensions depend on this one.
file(APPEND "${CMAKE_BINARY_DIR}/recorded/included" "GenerateConfig\n")
