# find_package(tersor): the target tersor::tersor_core.
set(TERSOR_TORCH OFF)
set(TERSOR_TESTS OFF)
include(${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/tersorTargets.cmake)

# Programs load libtersor_sentencepiece.so by name at run time.
get_filename_component(tersor_lib_folder ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)
set_property(TARGET tersor::tersor_core APPEND PROPERTY
             INTERFACE_LINK_OPTIONS "LINKER:-rpath,${tersor_lib_folder}")
