#!/bin/sh
# source.sh FOLDER PACKAGE: fetches a Debian source package into FOLDER, if it is not there, and prints the file that holds its original
# sources. Needs no root and no deb-src line: apt gets a configuration of its own, with the system's registries and keys.
set -e
[ $# = 2 ] || { echo "usage: source.sh FOLDER PACKAGE" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
folder=$PWD
original() { ls "$folder/$1"_*.orig.tar.* 2>/dev/null | grep -v '\.asc$' | head -n 1; }

if [ -z "$(original "$2")" ]; then
	command -v apt-get >/dev/null 2>&1 || { echo "source.sh: $2 comes by apt-get, which is not here" >&2; exit 1; }
	own() {
		tool=$1
		shift
		"$tool" -q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$folder/apt/registries" -o Dir::State::Lists="$folder/apt/lists" \
			-o Dir::Cache="$folder/apt/cache" -o APT::Sandbox::User=root "$@" 2>>"$folder/apt/log"
	}
	mkdir -p apt/registries apt/lists/partial apt/cache/archives/partial
	update() { own apt-get update >>apt/log; }
	if [ ! -f apt/ready ]; then
		for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
			[ -f "$file" ] || continue
			case $file in
			*.sources) sed 's/^Types:.*/Types: deb-src/' "$file" >"apt/registries/${file##*/}" ;;
			*.list) sed -n 's/^deb \(.*\)/deb-src \1/p' "$file" >"apt/registries/${file##*/}" ;;
			esac
		done
		update && : >apt/ready
	fi
	# The newest version that can be had whole: a registry may list one whose files are not there.
	fetch() {
		for version in $(own apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -Vru); do
			rm -rf apt/new
			mkdir apt/new
			(cd apt/new && own apt-get source --download-only --only-source "$1=$version" >>"$folder/apt/log") && mv apt/new/* . && return
		done
		return 1
	}
	# The lists of an older day name files that are no longer there.
	fetch "$2" || { update && fetch "$2"; } || { tail -n 3 apt/log >&2; exit 1; }
fi
file=$(original "$2")
[ -n "$file" ] && echo "$file"
