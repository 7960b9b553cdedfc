# find_package(tersor): the target tersor::tersor_core.
set(TERSOR_TORCH OFF)
set(TERSOR_TESTS OFF)
include(${CMAKE_CURRENT_LIST_DIR}/Dependencies.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/tersorTargets.cmake)
