# Stand-in for what include(${Slicer_USE_FILE}) defines: the macros of scripted modules and their tests.

include(CTest)
set(_recorded "${CMAKE_BINARY_DIR}/recorded")
file(REMOVE_RECURSE "${_recorded}")

# Every description variable, one file each
foreach(_name HOMEPAGE CONTRIBUTORS DESCRIPTION ICONURL SCREENSHOTURLS DEPENDS)
  if("${EXTENSION_${_name}}" STREQUAL "")
    message(FATAL_ERROR "EXTENSION_${_name} is not set before Slicer is used")
  endif()
  file(WRITE "${_recorded}/EXTENSION_${_name}" "${EXTENSION_${_name}}")
endforeach()

# Scripts and resources keep their relative paths below qt-scripted-modules
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(PARSE_ARGV 0 MY "WITH_GENERIC_TESTS;WITH_SUBDIR;VERBOSE" "NAME" "SCRIPTS;RESOURCES")
  if(MY_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "Unknown keywords: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT MY_NAME)
    message(FATAL_ERROR "NAME is mandatory")
  endif()
  foreach(_file ${MY_SCRIPTS} ${MY_RESOURCES})
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${_file}")
      message(FATAL_ERROR "nonexistent file '${_file}'")
    endif()
    get_filename_component(_folder "${_file}" DIRECTORY)
    install(FILES "${CMAKE_CURRENT_SOURCE_DIR}/${_file}"
      DESTINATION "${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}/${_folder}" COMPONENT RuntimeLibraries)
  endforeach()
  file(WRITE "${CMAKE_BINARY_DIR}/recorded/scripts" "${MY_SCRIPTS}")
  file(WRITE "${CMAKE_BINARY_DIR}/recorded/resources" "${MY_RESOURCES}")
  file(WRITE "${CMAKE_BINARY_DIR}/recorded/module" "${MY_NAME}")
  if(BUILD_TESTING AND MY_WITH_GENERIC_TESTS)
    file(APPEND "${CMAKE_BINARY_DIR}/recorded/tests" "nomainwindow_qSlicer${MY_NAME}ModuleGenericTest\n")
  endif()
endfunction()

# Slicer finds the unit test by the name of the script, without its ending
function(slicer_add_python_unittest)
  cmake_parse_arguments(PARSE_ARGV 0 MY "" "TESTNAME_PREFIX;SCRIPT" "SLICER_ARGS")
  if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${MY_SCRIPT}")
    message(FATAL_ERROR "nonexistent test script '${MY_SCRIPT}'")
  endif()
  get_filename_component(_name "${MY_SCRIPT}" NAME_WE)
  file(APPEND "${CMAKE_BINARY_DIR}/recorded/tests" "${MY_TESTNAME_PREFIX}${_name}\n")
endfunction()
