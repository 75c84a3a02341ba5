#!/bin/sh
# testprogs/stress with updates at random, a few milliseconds apart, for STRESS_MINUTES (5), each round with another seed.
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${UPSTARE_BIN:-$root/out/bin}
work=$root/out/stress
seed=0
end=$(($(date +%s) + ${STRESS_MINUTES:-5} * 60))
mkdir -p "$work"
cp "$root/testprogs/stress/v1.c" "$work/stress.c"
cd "$work" || exit 1
"$bin/upstare-cc" -O2 -pthread -I"$root/testprogs/include" stress.c -o stress && "$bin/upstare-patch" stress stress -o identity.so >/dev/null || exit 1
while [ "$(date +%s)" -lt $end ]; do
	seed=$((seed + 1))
	timeout 600 "$bin/upstare-run" --random $seed identity.so -- ./stress 30000 $((seed % 4 + 1)) || {
		echo "stress failed with seed $seed"
		exit 1
	}
done
echo "stress: $seed rounds without a fault"
