# Completion for upstare-cc, upstare-patch, upstare-ctl and upstare-run.
_upstare_cc() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	case $cur in
	--*) mapfile -t COMPREPLY < <(compgen -W '--report --verify --dump=preprocessed --dump=model --dump=plan --dump=hot --dump=clone --upstare-version --help' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}

_upstare_patch() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '-o --program --build --report --json --emit --with --strict --force --help' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}

_upstare_ctl() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '--timeout --when --within --force --json --help' -- "$cur") ;;
	*)
		if [ "$COMP_CWORD" = 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W 'status check apply rollback history wait' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W 'list keygen' -f -- "$cur")
		fi
		;;
	esac
}

_upstare_run() {
	local cur=${COMP_WORDS[COMP_CWORD]}
	case $cur in
	-*) mapfile -t COMPREPLY < <(compgen -W '--at --every --random --json --help --version --' -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}

complete -o filenames -F _upstare_cc upstare-cc
complete -o filenames -F _upstare_patch upstare-patch
complete -F _upstare_ctl upstare-ctl
complete -o filenames -F _upstare_run upstare-run
