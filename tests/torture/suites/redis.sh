# redis: its own test suite (`make test` is ./runtest), by default a part of its units. REDIS_UNITS=slow are those that take longest
# (some 12 minutes each time), REDIS_UNITS=all the suite's own list of all units, and REDIS_UNITS="unit/sort unit/scan" those.
package=redis
programs="src/redis-server src/redis-cli src/redis-benchmark"
server=yes
units="unit/printver unit/dump unit/auth unit/protocol unit/keyspace unit/scan unit/info unit/type/string unit/type/incr unit/type/list
unit/type/list-2 unit/type/set unit/type/zset unit/type/hash unit/type/stream unit/type/stream-cgroups unit/sort unit/expire unit/other
unit/multi unit/quit unit/aofrw unit/acl unit/pubsub unit/slowlog unit/scripting unit/functions unit/introspection unit/limits
unit/bitops unit/bitfield unit/geo unit/hyperloglog unit/lazyfree unit/pause unit/querybuf unit/tracking unit/networking
integration/replication-2 integration/aof integration/rdb integration/block-repl integration/redis-cli"
slow="integration/replication integration/replication-3 integration/replication-4 integration/replication-psync
integration/replication-buffer integration/psync2 integration/psync2-reg integration/psync2-pingoff integration/psync2-master-restart
integration/corrupt-dump integration/corrupt-dump-fuzzer integration/redis-benchmark unit/maxmemory unit/memefficiency"

suite_build() { make MALLOC=libc USE_SYSTEMD=no V=1; }

suite_run() {
	case ${REDIS_UNITS:-} in
	'') ;;
	slow) units=$slow ;;
	all) units= ;;
	*) units=$REDIS_UNITS ;;
	esac
	set --
	for unit in $units; do set -- "$@" --single "$unit"; done
	timeout 3600 ./runtest --clients 2 --timeout 600 "$@" >output 2>&1
	# "[ok]: SORT with STORE (12 ms)"; what is measured is not compared. psync2 goes on for 20 s, with random numbers in its names.
	sed -n 's/\x1b\[[0-9;]*m//g; s/ ([0-9]* ms)$//; /PSYNC2/s/[0-9][0-9]*/N/g
		s/^\[ok\]: /pass /p; s/^\[\(err\|exception\|timeout\)\]: /fail /p; s/^\[ignore\]: /skip /p' output | sort | awk '!/PSYNCN/ || !seen[$0]++'
}
