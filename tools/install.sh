#!/bin/sh
# Installs tools, runtime, headers, man pages and completions below $1.
set -e
to=$1
mkdir -p "$to/bin" "$to/lib/upstare" "$to/include/upstare" "$to/share/man/man1" "$to/share/bash-completion/completions"
(cd out/lib/upstare && find . -type f ! -name '*.pdb') | while read -r file; do
	mode=644
	[ -x "out/lib/upstare/$file" ] && mode=755
	install -D -m $mode "out/lib/upstare/$file" "$to/lib/upstare/$file"
done
for tool in cc patch ctl run; do
	ln -sf ../lib/upstare/upstare-launch "$to/bin/upstare-$tool"
	ln -sf upstare.bash "$to/share/bash-completion/completions/upstare-$tool"
done
install -m 644 native-runtime/include/upstare/*.h "$to/include/upstare/"
install -m 644 docs/man/*.1 "$to/share/man/man1/"
install -m 644 tools/completion.bash "$to/share/bash-completion/completions/upstare.bash"
