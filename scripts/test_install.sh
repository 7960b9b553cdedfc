#!/bin/sh
# Installs a build tree into a temporary folder, builds the example against it and runs it.
# usage: test_install.sh BUILD SOURCE MODEL
set -eu
build=$1 source=$2 model=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cmake --install "$build" --prefix "$folder/prefix" >/dev/null
cmake -S "$source/examples/generate" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
  -DCMAKE_PREFIX_PATH="$folder/prefix" >/dev/null
cmake --build "$folder/build" >/dev/null
text=$("$folder/build/generate" "$model" "The index")
[ -n "$text" ]
"$folder/prefix/bin/tersor" generate --model "$model" --prompt "The index" --max-tokens 5
if "$folder/build/generate" /nowhere x; then
  exit 1
fi
