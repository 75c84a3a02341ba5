#!/usr/bin/env python3
"""Takes a running redis to its next version and back under clients that check every answer, with others blocked in it.

usage: redis.py OLD FORTH BACK [UPDATES]

OLD            redis-server built by upstare-cc
FORTH BACK     patches from OLD to the next version and back
Six clients set, get, push, pop and count keys of their own and know what has to come back; four wait in BLPOP and four have subscribed, and
after each update one of them gets an item, and a message is published; redis-benchmark (or what REDIS_BENCHMARK names) runs beside.
Prints a line of JSON; ends with 1 where anything was lost: an answer, a connection, an item, a message, an update.
"""
import os, random, socket, subprocess, threading

from updates import Server, forth_and_back, run, tell

PORT = 22123
WAITERS = 4


class Connection:
    """One client's connection; answers as Python values."""

    def __init__(self, timeout=30):
        self.socket = socket.create_connection(('127.0.0.1', PORT), timeout=timeout)
        self.lines = self.socket.makefile('rb')

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in words))

    def answer(self):
        line = self.lines.readline()
        if not line.endswith(b'\r\n'):
            raise RuntimeError('the connection was closed')
        kind, rest = line[:1], line[1:-2]
        if kind == b'+':
            return rest.decode()
        if kind == b':':
            return int(rest)
        if kind == b'$':
            return None if rest == b'-1' else self.lines.read(int(rest) + 2)[:-2]
        if kind == b'*':
            return None if rest == b'-1' else [self.answer() for _ in range(int(rest))]
        raise RuntimeError(f'{line!r} is no answer that was due')

    def ask(self, expected, *words):
        self.send(*words)
        self.expect(expected)

    def expect(self, expected):
        got = self.answer()
        if got != expected:
            raise RuntimeError(f'{expected!r:.60} was due, not {got!r:.60}')


def mixture(name, stop):
    """Sets, gets, deletes, pushes, pops and counts, until stop is set. Returns how many questions it asked."""
    c, chance = Connection(), random.Random(name)
    values, queue, count, asked = {}, [], 0, 0
    while not stop.is_set():
        key, what = f'{name}_{chance.randrange(100)}', chance.randrange(10)
        if what < 2:
            values[key] = bytes([65 + chance.randrange(26)]) * chance.choice((1, 10, 100, 3000, 100000))
            c.ask('OK', 'SET', key, values[key])
        elif what < 5:
            c.ask(values.get(key), 'GET', key)
        elif what < 6:
            c.ask(1 if values.pop(key, None) is not None else 0, 'DEL', key)
        elif what < 7:
            queue.append(b'%d' % asked)
            c.ask(len(queue), 'RPUSH', f'{name}_queue', queue[-1])
        elif what < 8:
            c.ask(queue.pop(0) if queue else None, 'LPOP', f'{name}_queue')
        elif what < 9:
            count += 1
            c.ask(count, 'INCR', f'{name}_n')
        else:
            c.ask(b'%d-%s' % (asked, name.encode()), 'EVAL', "return ARGV[1]..'-'..ARGV[2]", 0, asked, name)
        asked += 1
    return asked


def ends(benchmark, failures):
    """Ends redis-benchmark, which has to be at work still and to have nothing to complain of."""
    if benchmark.poll() is not None:
        failures.append('the benchmark has ended')
    benchmark.terminate()
    said = benchmark.communicate()[1].strip()
    if said:
        failures.append('benchmark: ' + said[:200])


def main(program, patches, updates):
    stop, failures, asked, pauses, messages = threading.Event(), [], [], [], []

    def client(number):
        try:
            asked.append(mixture(f'c{number}', stop))
        except Exception as e:
            failures.append(f'client {number}: {e!r}')

    clients = [threading.Thread(target=client, args=(i,)) for i in range(6)]
    arguments = [program, '--port', str(PORT), '--save', '']
    benchmark = [os.environ.get('REDIS_BENCHMARK', 'redis-benchmark'), '-p', str(PORT), '-c', '30', '-n', '100000', '-l', '-q', '-t', 'set,get,lpush,incr']
    with Server(arguments, Connection, stdout=subprocess.DEVNULL) as server:
        one, blocked, subscribed = Connection(), [Connection() for _ in range(WAITERS)], [Connection() for _ in range(WAITERS)]
        for i, c in enumerate(blocked):
            c.send('BLPOP', f'items{i}', 0)
        for c in subscribed:
            c.ask([b'subscribe', b'news', 1], 'SUBSCRIBE', 'news')
        one.ask('OK', 'SET', 'kept', b'from the beginning')

        def use_it(i):
            w = i % WAITERS
            one.send('RPUSH', f'items{w}', f'item {i}')
            one.answer()
            blocked[w].expect([f'items{w}'.encode(), f'item {i}'.encode()])
            blocked[w].send('BLPOP', f'items{w}', 0)
            one.ask(WAITERS, 'PUBLISH', 'news', f'message {i}')
            for c in subscribed:
                c.expect([b'message', b'news', f'message {i}'.encode()])
                messages.append(i)
            one.ask(b'from the beginning', 'GET', 'kept')

        beside = subprocess.Popen(benchmark, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for c in clients:
            c.start()
        try:
            pauses = forth_and_back(server.pid, patches, updates, failures, use_it)
        finally:
            stop.set()
            for c in clients:
                c.join()
            ends(beside, failures)
    return tell(pauses, failures, server.status, answers=sum(asked), items=len(messages) // WAITERS, messages=len(messages))


if __name__ == '__main__':
    run(__doc__, main)
