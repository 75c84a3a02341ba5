#!/bin/sh
# testprogs/stress with updates at random, a few milliseconds apart, each round with another seed: for STRESS_MINUTES (5) as it is, and as long
# with the runtime under ThreadSanitizer; then testprogs/ring (threads inside a library's loop) with that runtime. The program's own
# code cannot be under it: its calls would stand in the exits.
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${UPSTARE_BIN:-$root/out/bin}
work=$root/out/stress

# usage: rounds FOLDER MESSAGES COMMAND...: runs FOLDER/stress by COMMAND until the time is over.
rounds() {
	folder=$1 messages=$2 seed=0 end=$(($(date +%s) + ${STRESS_MINUTES:-5} * 60))
	shift 2
	cd "$folder" || exit 1
	: >runs
	while [ "$(date +%s)" -lt $end ]; do
		seed=$((seed + 1))
		timeout -k 1 600 "$@" "$bin/upstare-run" --random $seed identity.so -- ./stress "$messages" $((seed % 4 + 1)) >output 2>&1 || {
			cat output
			echo "stress failed in $folder with seed $seed"
			exit 1
		}
		tail -1 output >>runs
	done
	awk -v rounds=$seed '{ u += $2; r += $5 } END { printf "stress: %d rounds without a fault, %d updates applied, %d refused\n", rounds, u, r; exit u == 0 }' runs
}

# Tools of their own, whose runtime is built under ThreadSanitizer. It does not follow the unrolling of a stack, so it is not told of
# calls. Where it wraps sigaction it would hold the kick's handler back until the blocked call is over.
sanitized_tools() {
	mkdir -p "$1/build" && rm -rf "$1/bin" "$1/lib" && cp -a "$root/out/bin" "$root/out/lib" "$1" && rm "$1/lib/upstare/upstare.o" &&
		cmake -S "$root" -B "$1/build" -DCMAKE_BUILD_TYPE=Release -DUPSTARE_LIBRARY_DIR="$1/lib/upstare" \
			-DCMAKE_C_FLAGS="-fsanitize=thread --param tsan-instrument-func-entry-exit=0 -Wno-tsan" &&
		cmake --build "$1/build" --target upstare-runtime &&
		objcopy --redefine-sym sigaction=__sigaction "$1/lib/upstare/upstare.o" && nm "$1/lib/upstare/upstare.o" | grep -q __tsan_atomic
}

mkdir -p "$work/plain" "$work/thread"
cp "$root/testprogs/stress/v1.c" "$work/stress.c"
cd "$work" || exit 1
"$bin/upstare-cc" -O2 -pthread -I"$root/testprogs/include" -c stress.c -o stress.o &&
	"$bin/upstare-cc" -pthread stress.o -o plain/stress && "$bin/upstare-patch" plain/stress plain/stress -o plain/identity.so >/dev/null || exit 1

sanitized_tools "$work/tools" >"$work/tools.log" 2>&1 || {
	tail -20 "$work/tools.log"
	echo "the runtime cannot be built under ThreadSanitizer"
	exit 1
}
"$work/tools/bin/upstare-cc" -pthread stress.o -fsanitize=thread -o thread/stress &&
	"$bin/upstare-patch" thread/stress thread/stress -o thread/identity.so >/dev/null || exit 1
# libc's part of a mutex is not under it: it would not see that one is let go.
echo race:blocking/mutex.c >"$work/suppressions"
# setarch: ThreadSanitizer of gcc 12 has fixed places for its memory.
export TSAN_OPTIONS="report_mutex_bugs=0 report_thread_leaks=0 suppressions=$work/suppressions" UPSTARE_RUN_MEAN=100
(rounds "$work/thread" 2000 setarch -R) || exit 1

# usage: ring VERSION: builds it, in a folder of its own.
ring() {
	mkdir -p "$work/ring/$1" && cd "$work/ring/$1" && cp "$root/testprogs/ring/$1"/* . &&
		gcc -O2 -I"$root/testprogs/include" -fPIC -shared libloop.c -Wl,-soname,libloop.so.1 -o libloop.so.1 &&
		"$work/tools/bin/upstare-cc" -O2 -pthread -I"$root/testprogs/include" -c ring.c -o ring.o &&
		"$work/tools/bin/upstare-cc" -pthread ring.o ./libloop.so.1 -Wl,-rpath,"\$ORIGIN" -fsanitize=thread -o ring
}
(ring v1) && (ring v2) && cd "$work/ring" && "$bin/upstare-patch" v1/ring v2/ring -o forth.so >/dev/null &&
	"$bin/upstare-patch" v2/ring v1/ring -o back.so >/dev/null || exit 1
for seed in 1 2 3 4 5; do
	timeout -k 1 600 setarch -R "$bin/upstare-run" --random $seed forth.so back.so -- v1/ring >output 2>&1 </dev/null || {
		cat output
		echo "ring failed with seed $seed"
		exit 1
	}
	echo "ring, seed $seed: $(tail -1 output)"
done
