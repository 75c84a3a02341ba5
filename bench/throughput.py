#!/usr/bin/env python3
"""Compares what a server built by gcc and one built by upstare-cc need for the same questions, in turn on the same machine.

usage: throughput.py PLAIN INSTRUMENTED [ROUNDS]

PLAIN INSTRUMENTED  executables: both memcached, or both redis-server
A memcached is asked by memcached-load.c, a redis by redis-benchmark (REDIS_BENCHMARK names it, else the one beside PLAIN). A round has two
new servers, of which now one and now the other is started first, and asks them in turns: one, the other, the other, the one.
Prints medians of the rounds' ratios, with the least and the greatest. PLAIN twice tells how much of that is chance.
"""
import glob, os, statistics, subprocess, sys, tempfile, time

PORT = 22124
TURNS = 10


class Memcached:
    def arguments(self, program, port):
        return [program, '-U', '0', '-l', '127.0.0.1', '-p', str(port), '-t', '4'] + (['-u', 'root'] if os.geteuid() == 0 else [])

    def prepare(self, folder):
        self.client = f'{folder}/memcached-load'
        source = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'memcached-load.c')
        subprocess.run(['gcc', '-O2', '-Wall', '-Wextra', '-Werror', source, '-o', self.client], check=True)

    def load(self, port):
        return [self.client, str(port), '16', '30000']


class Redis:
    def arguments(self, program, port):
        return [program, '--port', str(port), '--save', '', '--appendonly', 'no', '--loglevel', 'warning']

    def prepare(self, folder):
        self.client = os.environ.get('REDIS_BENCHMARK') or os.path.join(os.path.dirname(os.path.abspath(sys.argv[1])), 'redis-benchmark')

    def load(self, port):
        return [self.client, '-p', str(port), '-n', '10000', '-c', '30', '-t', 'set,get,lpush,incr', '-q']


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


def one_round(kind, programs, folder, first):
    """The ratios of elapsed and of processor time; first: which server is started and asked first."""
    order = (first, 1 - first)
    servers = {}
    try:
        for which in order:
            servers[which] = subprocess.Popen(kind.arguments(os.path.abspath(programs[which]), PORT + which), cwd=folder, stdout=subprocess.DEVNULL)
        time.sleep(1)
        for which in order:
            measure(kind, servers[which], PORT + which)
        sums = {0: [0, 0], 1: [0, 0]}
        for turn in range(TURNS):
            for which in order if turn % 2 == 0 else order[::-1]:
                for i, value in enumerate(measure(kind, servers[which], PORT + which)):
                    sums[which][i] += value
        return sums[1][0] / sums[0][0], sums[1][1] / sums[0][1]
    finally:
        for server in servers.values():
            server.kill()
            server.wait()


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    programs, rounds = sys.argv[1:3], int(sys.argv[3]) if len(sys.argv) == 4 else 8
    kind = Redis() if 'redis' in os.path.basename(programs[0]) else Memcached()
    with tempfile.TemporaryDirectory() as folder:
        kind.prepare(folder)
        times, processor = zip(*(one_round(kind, programs, folder, i % 2) for i in range(rounds)))
    print(f'{"ratio to the plain build":<34} {"median":>8} {"least":>8} {"most":>8}')
    row('seconds', times)
    row('processor time of the server', processor)


if __name__ == '__main__':
    main()
