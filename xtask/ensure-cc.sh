#!/bin/sh
# Makes sure that a C compiler, its headers and a linker are there: cargo links with it, and the
# bundled SQLite and ring are built with it. A shell script because nothing in Rust links before that.
set -eu

if ! command -v cargo >/dev/null 2>&1; then
    echo "setup: cargo is missing; install a Rust toolchain (rustup) first" >&2
    exit 1
fi
if echo '#include <stdio.h>' | cc -E -x c - >/dev/null 2>&1; then
    exit 0
fi

why="a C compiler is missing and links Rust programs and builds the bundled SQLite"
line="apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "setup: $why; this system has no apt-get: install the equivalent of gcc and libc6-dev" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    echo "setup: $why; installing gcc and libc6-dev by apt-get"
    DEBIAN_FRONTEND=noninteractive sh -c "$line"
elif sudo -n true 2>/dev/null; then
    echo "setup: $why; installing gcc and libc6-dev by apt-get"
    sudo -n env DEBIAN_FRONTEND=noninteractive sh -c "$line"
else
    printf "setup: %s; installing it needs root, run:\n\n    sudo sh -c '%s'\n\n" "$why" "$line" >&2
    exit 1
fi
