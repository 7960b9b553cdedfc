# Language level, warnings, sanitizers, ccache and the linker: what every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# Programs find the plugin beside themselves, built and installed alike.
set(CMAKE_BUILD_RPATH "$ORIGIN/../lib")
set(CMAKE_INSTALL_RPATH "$ORIGIN/../lib")
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_program(TERSOR_CCACHE ccache)
if(TERSOR_CCACHE)
  # A base directory lets two clones of the project share one cache.
  # Sloppiness is what its manual asks for with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${TERSOR_CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()
set(TERSOR_TORCH_HEADERS <ATen/ATen.h> <torch/csrc/autograd/custom_function.h>)

find_program(TERSOR_MOLD mold)
if(TERSOR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
if(TERSOR_SANITIZE)
  # Compiling is most of what a sanitized test costs: -O1 halves it, and what is left out here is
  # found by AddressSanitizer as well.
  add_compile_options(-fsanitize=${TERSOR_SANITIZE} -fno-sanitize=null,object-size
                      -fno-omit-frame-pointer -fno-sanitize-recover=all -O1 -g1)
  add_link_options(-fsanitize=${TERSOR_SANITIZE})
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    # Kernels are one text for all targets, slow to compile with sanitizers. These see plain code,
    # AVX2 and AVX-512; the release tests see all.
    add_compile_definitions("HWY_DISABLED_TARGETS=(HWY_SSSE3|HWY_SSE4)")
  endif()
endif()
