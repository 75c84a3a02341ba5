# The options that a case asks for in its dg-options and dg-additional-options, on x86-64; for builtins and ieee also what the .x file adds.

# Prints the options of the case $1.
case_options() {
	# /* { dg-options "-fwrapv" { target ... } } */
	sed -n 's/.*{ *dg-\(additional-\)\{0,1\}options *{\{0,1\} *"\([^"]*\)"\(.*\)/\2@@\3/p' "$1" |
		while IFS= read -r line; do
			target=${line#*@@}
			case $target in
			*ia32*) continue ;;
			*target*x86_64* | *target*fpic*) ;;
			*target*) continue ;;
			esac
			printf '%s ' "${line%%@@*}"
		done
	case $1 in
	*/ieee/*)
		printf '%s ' -fno-inline
		# Unconditional ones stand at the start of a line.
		[ ! -f "${1%.c}.x" ] || sed -n 's/^lappend additional_flags "\(-[^"]*\)"$/\1 /p' "${1%.c}.x" | tr '\n' ' '
		;;
	*/builtins/*)
		printf '%s ' -fno-tree-dse -fno-tree-loop-distribute-patterns -fno-tracer -fno-ipa-ra -fno-inline-functions
		[ ! -f "${1%.c}.x" ] || sed -n 's/^set additional_flags "\{0,1\}\(-[^"]*\)"\{0,1\}$/\1 /p' "${1%.c}.x" | tr '\n' ' '
		;;
	esac
}

# Prints the name that the case $1 has in all results.
case_name() {
	case $1 in
	*/execute/*) echo "${1##*/execute/}" | tr / _ ;;
	*) echo "${1##*/}" ;;
	esac
}

# Prints the sources that the case $1 is made of.
case_sources() {
	case $1 in
	*/builtins/*) echo "$1 ${1%.c}-lib.c ${1%/*}/lib/main.c" ;;
	*) echo "$1" ;;
	esac
}
