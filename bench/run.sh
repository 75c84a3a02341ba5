#!/bin/sh
# `make bench`: all tables, or those that are named (bench/run.sh kissfft pause).
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- kissfft lua fib pause processes calls servers vsftpd build
status=0
for name; do
	echo "== $name"
	sh "$here/$name.sh" || {
		echo "$name failed" >&2
		status=1
	}
	echo
done
exit $status
