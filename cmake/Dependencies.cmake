# Every library comes from Debian packages; `make setup` installs them.
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(pugixml REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwy REQUIRED IMPORTED_TARGET libhwy)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(sentencepiece REQUIRED IMPORTED_TARGET sentencepiece)
find_library(SENTENCEPIECE_TRAIN sentencepiece_train REQUIRED)
find_package(ZLIB REQUIRED)
# SUMO's C++ libraries; without them the twin has its own traffic only.
find_library(sumo_LIBRARY sumocpp)
find_library(traci_LIBRARY tracicpp)

# One OpenMP runtime carries our loops, libtorch's and OpenBLAS's, so that no second pool of
# threads competes for the cores. Without it (clang's fuzz build) loops run serially.
find_package(OpenMP COMPONENTS CXX)

if(TERSOR_TORCH)
  find_package(Torch REQUIRED)
  find_package(LibLZMA REQUIRED)
  find_package(CLI11 REQUIRED)
  # Its own package file wants OpenCL's headers too.
  find_library(DNNL dnnl REQUIRED)
else()
  find_package(CLI11)
endif()
if(TERSOR_TESTS)
  find_package(GTest REQUIRED)
endif()
