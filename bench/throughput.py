#!/usr/bin/env python3
"""Compares what a server built by gcc and one built by upstare-cc need for the same questions, in turn on the same machine.

usage: throughput.py PLAIN INSTRUMENTED [ROUNDS]

PLAIN INSTRUMENTED  executables: both memcached, redis-server, nginx or unbound
A memcached is asked by memcached-load.c, a redis by redis-benchmark (REDIS_BENCHMARK names it, else the one beside PLAIN), nginx by ab and unbound
by dnsperf. A round has two new servers, of which now one and now the other is started first, and asks them in turns: one, the other, the other, the one.
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


class Nginx:
    """One process; kept connections and a file of 600 bytes."""
    CONFIGURATION = '''daemon off; master_process off; pid %d.pid; error_log stderr; events { worker_connections 256; }
http { access_log off; keepalive_requests 100000000; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; uwsgi_temp_path t; scgi_temp_path t;
server { listen 127.0.0.1:%d; root .; } }'''

    def arguments(self, program, port):
        return [program, '-p', self.folder, '-c', f'{port}.conf', '-e', 'stderr']

    def prepare(self, folder):
        self.folder = folder
        os.chmod(folder, 0o755)
        with open(folder + '/file', 'w') as f:
            f.write('x' * 600)
        for port in (PORT, PORT + 1):
            with open(f'{folder}/{port}.conf', 'w') as f:
                f.write(self.CONFIGURATION % (port, port))

    def load(self, port):
        return ['ab', '-q', '-k', '-c', '16', '-n', '20000', f'http://127.0.0.1:{port}/file']


class Unbound:
    """Two threads; names of its own."""
    CONFIGURATION = '''
server:
  interface: 127.0.0.1
  port: %d
  num-threads: 2
  do-daemonize: no
  chroot: ""
  username: ""
  directory: ""
  pidfile: ""
  use-syslog: no
  logfile: "/dev/null"
  local-zone: "own.example." static
  local-data: "a.own.example. 60 IN A 10.1.2.3"
'''

    def arguments(self, program, port):
        return [program, '-c', f'{self.folder}/{port}.conf']

    def prepare(self, folder):
        self.folder = folder
        with open(folder + '/names', 'w') as f:
            f.write('a.own.example A\nnone.own.example A\n')
        for port in (PORT, PORT + 1):
            with open(f'{folder}/{port}.conf', 'w') as f:
                f.write(self.CONFIGURATION % port)

    def load(self, port):
        return ['dnsperf', '-s', '127.0.0.1', '-p', str(port), '-d', self.folder + '/names', '-n', '20000', '-c', '16', '-q', '50']


KINDS = {'memcached': Memcached, 'redis-server': Redis, 'nginx': Nginx, 'unbound': Unbound}


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
    kind = KINDS[os.path.basename(programs[0])]()
    with tempfile.TemporaryDirectory() as folder:
        kind.prepare(folder)
        times, processor = zip(*(one_round(kind, programs, folder, i % 2) for i in range(rounds)))
    print(f'{"ratio to the plain build":<34} {"median":>8} {"least":>8} {"most":>8}')
    row('seconds', times)
    row('processor time of the server', processor)


if __name__ == '__main__':
    main()
