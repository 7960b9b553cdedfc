#!/bin/sh
# Installs Debian packages for the named groups: build, corpus, test. Does nothing when every file
# that they are wanted for is there already.
set -eu

build_packages="g++ cmake ninja-build ccache mold pkg-config git libtorch-dev libopenblas0-openmp
libgloo-dev libhwy-dev libsentencepiece-dev libpcre2-dev libutf8proc-dev zlib1g-dev liblzma-dev nlohmann-json3-dev
libcli11-dev libfmt-dev libspdlog-dev libyaml-cpp-dev libcpp-httplib-dev libdnnl-dev libstb-dev libpugixml-dev sumo"
build_files="/usr/bin/g++ /usr/bin/cmake /usr/bin/ninja /usr/bin/ccache /usr/bin/mold
/usr/bin/pkg-config /usr/include/torch/csrc/api/include/torch/torch.h /usr/include/gloo/config.h
/usr/include/hwy/highway.h /usr/include/sentencepiece_processor.h /usr/include/pcre2.h
/usr/include/utf8proc.h /usr/include/zlib.h /usr/include/lzma.h /usr/include/nlohmann/json.hpp /usr/include/CLI/App.hpp
/usr/include/fmt/core.h /usr/include/spdlog/spdlog.h /usr/include/yaml-cpp/yaml.h
/usr/include/pugixml.hpp /usr/bin/sumo /usr/include/httplib.h /usr/include/oneapi/dnnl/dnnl.h /usr/include/stb/stb_image.h"

corpus_packages="postgresql-doc-15 python3.11-doc perl-doc git-doc sqlite3-doc dict-gcide
dataset-fashion-mnist"
corpus_files="/usr/share/doc/postgresql-doc-15/html/index.html
/usr/share/doc/python3.11/html/index.html /usr/share/perl/5.36.0/pod/perlfunc.pod
/usr/share/doc/git-doc/git.html /usr/share/doc/sqlite3/index.html
/usr/share/dictd/gcide.dict.dz
/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"

test_packages="libgtest-dev libgmock-dev python3-torch clang libclang-rt-14-dev chromium sumo-tools"
test_files="/usr/bin/chromium /usr/share/sumo/tools/game/cross.sumocfg /usr/include/gtest/gtest.h /usr/include/gmock/gmock.h
/usr/lib/python3/dist-packages/torch/__init__.py /usr/bin/clang++"

packages=
for group in "$@"; do
  eval "files=\$${group}_files"
  for file in $files; do
    if [ ! -e "$file" ]; then
      eval "packages=\"\$packages \$${group}_packages\""
      break
    fi
  done
done

# The reference BLAS that Debian installs by default is some 30 times slower.
case "$(readlink -f /usr/lib/"$(uname -m)"-linux-gnu/libblas.so.3 2>/dev/null)" in
  *openblas* | *mkl* | *blis* | *atlas*) ;;
  *) packages="$packages libopenblas0-openmp" ;;
esac
[ -n "$packages" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  if ! command -v sudo >/dev/null; then
    echo "setup: as root, run: apt-get install --no-install-recommends" $packages >&2
    exit 1
  fi
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086  # The list is meant to be split.
$as_root apt-get install -y -qq --no-install-recommends $packages

for group in "$@"; do
  eval "files=\$${group}_files"
  for file in $files; do
    if [ ! -e "$file" ]; then
      echo "setup: $file is still missing after the installation" >&2
      exit 1
    fi
  done
done
