#!/usr/bin/env python3
"""Compares what a server built by gcc and one built by upstare-cc need for the same questions, in turn on the same machine.

usage: throughput.py PLAIN INSTRUMENTED [ROUNDS]

PLAIN INSTRUMENTED  executables: both memcached, or both redis-server
A memcached is asked by memcached-load.c, a redis by redis-benchmark (REDIS_BENCHMARK names it, else the one beside PLAIN).
Prints medians of the rounds' ratios, with the least and the greatest. PLAIN twice tells how much of that is chance.
"""
import glob, os, statistics, subprocess, sys, tempfile, time

PORT = 22124


class Memcached:
    def arguments(self, program, port):
        return [program, '-U', '0', '-l', '127.0.0.1', '-p', str(port), '-t', '4'] + (['-u', 'root'] if os.geteuid() == 0 else [])

    def prepare(self, folder):
        self.client = f'{folder}/memcached-load'
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'memcached-load.c')
        subprocess.run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror', source, '-o', self.client], check=True)

    def load(self, port):
        return [self.client, str(port), '16', '300000']


class Redis:
    def arguments(self, program, port):
        return [program, '--port', str(port), '--save', '', '--appendonly', 'no', '--loglevel', 'warning']

    def prepare(self, folder):
        self.client = os.environ.get('REDIS_BENCHMARK') or os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), 'redis-benchmark')

    def load(self, port):
        return [self.client, '-p', str(port), '-n', '100000', '-c', '30', '-t', 'set,get,lpush,incr', '-q']


def processor_time(pid):
    """Seconds of all threads that it has."""
    total = 0
    for file in glob.glob(f'/proc/{pid}/task/*/schedstat'):
        with open(file) as f:
            total += int(f.read().split()[0])
    return total / 1e9


def measure(kind, process, port):
    before, begin = processor_time(process.pid), time.monotonic()
    subprocess.run(kind.load(port), stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin, processor_time(process.pid) - before


def row(name, ratios):
    print(f'{name:<34} {statistics.median(ratios):8.3f} {min(ratios):8.3f} {max(ratios):8.3f}')


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    programs, rounds = sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) == 4 else 8
    kind = Redis() if 'redis' in os.path.basename(programs[0]) else Memcached()
    with tempfile.TemporaryDirectory() as folder:
        kind.prepare(folder)
        servers = [subprocess.Popen(kind.arguments(os.path.abspath(p), PORT + i), cwd=folder, stdout=subprocess.DEVNULL) for i, p in enumerate(programs)]
        try:
            time.sleep(1)
            times, processor = [], []
            for i in range(rounds):
                turn = (0, 1) if i % 2 == 0 else (1, 0)
                found = {which: measure(kind, servers[which], PORT + which) for which in turn}
                times.append(found[1][0] / found[0][0])
                processor.append(found[1][1] / found[0][1])
        finally:
            for server in servers:
                server.kill()
                server.wait()
    print(f'{"ratio to the plain build":<34} {"median":>8} {"least":>8} {"most":>8}')
    row('seconds', times)
    row('processor time of the server', processor)


if __name__ == '__main__':
    main()
