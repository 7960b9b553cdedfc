#!/bin/sh
# Runs every fuzzer in a folder for some seconds on its kept inputs; new inputs stay outside the
# repository, in build/fuzz/found/.
set -eu
bin=$1
seconds=$2
for fuzzer in "$bin"/*_fuzzer; do
  name=$(basename "$fuzzer" _fuzzer)
  found="$bin/../found/$name"
  mkdir -p "$found"
  "$fuzzer" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=10 \
    -artifact_prefix="$found/" "$found" "fuzz/corpus/$name"
done
