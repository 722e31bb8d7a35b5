# Stands for Slicer's build system: copies a scripted module's files into one folder of the build tree and installs that
# folder, as Slicer's macro does by way of CTK's, and writes down what else it was told.
# It cannot prove that Slicer builds, tests and packages the extension.

set(Slicer_USE_FILE ${CMAKE_CURRENT_LIST_FILE})
set(Slicer_EXTENSION_GENERATE_CONFIG ${CMAKE_CURRENT_LIST_FILE})
set(Slicer_EXTENSION_CPACK ${CMAKE_CURRENT_LIST_FILE})
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)

file(WRITE ${CMAKE_BINARY_DIR}/meta_information.txt
  "${PROJECT_NAME}\n${EXTENSION_CATEGORY}\n${EXTENSION_DEPENDS}\n${EXTENSION_DESCRIPTION}\n")

macro(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MODULE "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(MODULE_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "Slicer's macro does not take ${MODULE_UNPARSED_ARGUMENTS}")
  endif()
  set(_folder ${CMAKE_BINARY_DIR}/${Slicer_QTSCRIPTEDMODULES_LIB_DIR})
  foreach(_file IN LISTS MODULE_SCRIPTS MODULE_RESOURCES)
    configure_file(${CMAKE_CURRENT_SOURCE_DIR}/${_file} ${_folder}/${_file} COPYONLY)
  endforeach()
  install(DIRECTORY ${_folder}/ DESTINATION ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR})
endmacro()

macro(slicer_add_python_unittest)
  file(WRITE ${CMAKE_BINARY_DIR}/unittest.txt "${ARGN}")
endmacro()
