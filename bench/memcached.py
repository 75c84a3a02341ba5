#!/usr/bin/env python3
"""Takes a running memcached to its next version and back under clients that check every answer, and compares its cost.

usage: memcached.py PLAIN OLD NEW FORTH BACK [UPDATES]

PLAIN OLD NEW  executables: OLD built by gcc, OLD and NEW built by upstare-cc
FORTH BACK     patches from OLD to NEW and from NEW to OLD
UPSTARE_CTL names the tool. Prints lines of JSON; ends with 1 where anything was lost: an answer, a connection, an update.
"""
import json, os, random, socket, subprocess, sys, threading, time

PORT = 22122
CTL = os.environ.get('UPSTARE_CTL', 'upstare-ctl')


class Server:
    """A memcached of four worker threads."""

    def __init__(self, program):
        arguments = [program, '-U', '0', '-l', '127.0.0.1', '-p', str(PORT), '-t', '4']
        self.process = subprocess.Popen(arguments + (['-u', 'root'] if os.geteuid() == 0 else []))
        for _ in range(100):
            try:
                Connection().close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError('memcached does not answer')

    def seconds(self):
        """Processor time that it has used."""
        with open(f'/proc/{self.process.pid}/stat') as f:
            fields = f.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def memory(self):
        """Resident memory in MB."""
        with open(f'/proc/{self.process.pid}/statm') as f:
            return int(f.read().split()[1]) * os.sysconf('SC_PAGE_SIZE') / 1e6

    def end(self):
        self.process.terminate()
        return self.process.wait(10)


class Connection:
    """One client's connection, whose answers are looked at."""

    def __init__(self):
        self.socket = socket.create_connection(('127.0.0.1', PORT), timeout=20)
        self.lines = self.socket.makefile('rb')

    def close(self):
        self.socket.close()

    def ask(self, question, answer):
        self.socket.sendall(question)
        got = self.lines.read(len(answer))
        if got != answer:
            raise RuntimeError(f'{answer[:60]!r} was due, not {got[:60]!r}')


def mixture(connection, name, steps, stop=None):
    """Sets, gets, counts and deletes keys of its own, knowing what has to come back. Returns how many questions it asked."""
    random.seed(name)
    values, count, asked = {}, 0, 0
    connection.ask(b'set %s_n 0 0 1\r\n0\r\n' % name, b'STORED\r\n')
    while asked < steps and not (stop and stop.is_set()):
        key = b'%s_%d' % (name, random.randrange(100))
        what = random.randrange(10)
        if what < 3:
            values[key] = bytes([65 + random.randrange(26)]) * random.choice((1, 10, 100, 3000, 100000))
            connection.ask(b'set %s 0 0 %d\r\n%s\r\n' % (key, len(values[key]), values[key]), b'STORED\r\n')
        elif what < 8:
            v = values.get(key)
            connection.ask(b'get %s\r\n' % key, b'END\r\n' if v is None else b'VALUE %s 0 %d\r\n%s\r\nEND\r\n' % (key, len(v), v))
        elif what < 9:
            count += 1
            connection.ask(b'incr %s_n 1\r\n' % name, b'%d\r\n' % count)
        else:
            connection.ask(b'delete %s\r\n' % key, b'DELETED\r\n' if values.pop(key, None) is not None else b'NOT_FOUND\r\n')
        asked += 1
    return asked


def update_under_load(program, patches, updates):
    server = Server(program)
    stop, failures, asked = threading.Event(), [], []

    def client(number):
        try:
            asked.append(mixture(Connection(), b'c%d' % number, 1 << 62, stop))
        except Exception as e:
            failures.append(f'client {number}: {e}')

    silent = Connection()  # has a question half way in the server all the time
    silent.socket.sendall(b'set silent 0 0 5\r\nhe')
    clients = [threading.Thread(target=client, args=(i,)) for i in range(12)]
    for c in clients:
        c.start()
    pauses = []
    for i in range(updates):
        time.sleep(0.3)
        answer = subprocess.run([CTL, str(server.process.pid), 'apply', patches[i % 2], '--json'], capture_output=True, text=True)
        if answer.returncode or 'pause_us' not in answer.stdout:
            failures.append('no update: ' + answer.stdout.strip())
            break
        pauses.append(json.loads(answer.stdout)['pause_us'])
    time.sleep(0.3)
    stop.set()
    for c in clients:
        c.join()
    silent.ask(b'llo\r\n', b'STORED\r\n')
    status = server.end()
    pauses.sort(key=lambda p: p['total'])
    print(json.dumps({'updates': len(pauses), 'answers': sum(asked), 'exit': status, 'failures': failures,
                      'pause_us': {'best': pauses[0], 'median': pauses[len(pauses) // 2], 'most': pauses[-1]} if pauses else None}), flush=True)
    return not failures and status == 0


def cost(programs, rounds=5, steps=40000):
    """Processor time for the same questions, in turns; the ratio of the sums."""
    used, memory = {p: 0.0 for p in programs}, {}
    for _ in range(rounds):
        for p in programs:
            server = Server(p)
            memory.setdefault(p, server.memory())
            before = server.seconds()
            mixture(Connection(), b'one', steps)
            used[p] += server.seconds() - before
            server.end()
    plain, other = programs
    print(json.dumps({'questions': rounds * steps, 'cpu_seconds': [round(used[p], 2) for p in programs],
                      'ratio': round(used[other] / used[plain], 3), 'resident_mb': [round(memory[p], 1) for p in programs]}), flush=True)


if __name__ == '__main__':
    if len(sys.argv) not in (6, 7):
        sys.exit(__doc__)
    plain, old, new, forth, back = sys.argv[1:6]
    good = update_under_load(old, (forth, back), int(sys.argv[6]) if len(sys.argv) > 6 else 20)
    cost((plain, old))
    sys.exit(0 if good else 1)
