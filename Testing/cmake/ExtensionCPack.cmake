# Stand-in for ${Slicer_EXTENSION_CPACK}, which packs what is installed.
file(APPEND "${CMAKE_BINARY_DIR}/recorded/included" "ExtensionCPack\n")
