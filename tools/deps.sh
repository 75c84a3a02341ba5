#!/bin/sh
# Installs what is missing of: gcc, binutils, make, cmake, libclang 19. Debian's package names.
missing=
need() { # command-or-file package
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac || missing="$missing $2"
}
# What a caller needs beyond that: command-or-file:package.
for more; do need "${more%%:*}" "${more#*:}"; done
need gcc gcc
need ld binutils
need cmake cmake
need /usr/lib/llvm-19/lib/libclang-19.so.1 libclang1-19
[ -z "$missing" ] && exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "These are missing (Debian's names):$missing" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		echo "Please install:$missing (sudo apt-get install$missing)" >&2
		exit 1
	fi
	sudo="sudo -n"
fi
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get install -y --no-install-recommends $missing >/dev/null 2>&1 ||
	{ $sudo apt-get update -q >/dev/null && $sudo apt-get install -y --no-install-recommends $missing; }
