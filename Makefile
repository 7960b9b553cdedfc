# Each line calls cmake, ctest, a script or tersor. `make demo` and `make test` start from a bare
# Debian 12 machine.
.PHONY: setup setup-test build demo test bench fuzz format clean

BUILD_JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60

setup:
	@scripts/setup.sh build corpus

setup-test:
	@scripts/setup.sh build corpus test

build: setup
	cmake --preset release -DTERSOR_TESTS=OFF
	cmake --build --preset release -j $(BUILD_JOBS) --target tersor

demo: build
	build/bin/tersor reproduce demo

test: setup-test
	cmake --preset release -DTERSOR_TESTS=ON
	cmake --build --preset release -j $(BUILD_JOBS)
	cmake --preset asan
	cmake --build --preset asan -j $(BUILD_JOBS)
	ctest --preset asan -j $(BUILD_JOBS)
	ctest --preset release

bench: build
	build/bin/tersor bench train --json out/bench-train.json
	build/bin/tersor bench decode --json out/bench-decode.json
	build/bin/tersor bench int8 --json out/bench-int8.json
	build/bin/tersor bench mxfp4 --json out/bench-mxfp4.json
	build/bin/tersor bench sparse --json out/bench-sparse.json
	build/bin/tersor bench attention --json out/bench-attention.json
	build/bin/tersor bench twin --json out/bench-twin.json

fuzz: setup-test
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(BUILD_JOBS)
	scripts/fuzz.sh build/fuzz/bin $(FUZZ_SECONDS)

format:
	git ls-files '*.cc' '*.h' | xargs clang-format -i

clean:
	rm -rf build out
