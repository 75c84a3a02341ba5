#!/usr/bin/env python3
"""Takes a running memcached of four worker threads to its next version and back under clients that check every answer.

usage: memcached.py OLD FORTH BACK [UPDATES]

OLD         executable, built by upstare-cc
FORTH BACK  patches from its version to the next, and back
Prints a line of JSON; ends with 1 where anything was lost: an answer, a connection, an update.
"""
import os, random, socket, threading

from updates import Server, forth_and_back, run, tell

PORT = 22122


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


def mixture(connection, name, stop):
    """Sets, gets, counts and deletes keys of its own until stop is set, knowing what has to come back. Returns how many questions it asked."""
    chance, values, count, asked = random.Random(name), {}, 0, 0
    connection.ask(b'set %s_n 0 0 1\r\n0\r\n' % name, b'STORED\r\n')
    while not stop.is_set():
        key = b'%s_%d' % (name, chance.randrange(100))
        what = chance.randrange(10)
        if what < 3:
            values[key] = bytes([65 + chance.randrange(26)]) * chance.choice((1, 10, 100, 3000, 100000))
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


def main(program, patches, updates):
    stop, failures, asked, pauses = threading.Event(), [], [], []

    def client(number):
        try:
            asked.append(mixture(Connection(), b'c%d' % number, stop))
        except Exception as e:
            failures.append(f'client {number}: {e}')

    clients = [threading.Thread(target=client, args=(i,)) for i in range(12)]
    arguments = [program, '-U', '0', '-l', '127.0.0.1', '-p', str(PORT), '-t', '4'] + (['-u', 'root'] if os.geteuid() == 0 else [])
    with Server(arguments, lambda: Connection().close()) as server:
        silent = Connection()  # has a question half way in the server all the time
        silent.socket.sendall(b'set silent 0 0 5\r\nhe')
        for c in clients:
            c.start()
        try:
            pauses = forth_and_back(server.pid, patches, updates, failures)
        finally:
            stop.set()
            for c in clients:
                c.join()
        silent.ask(b'llo\r\n', b'STORED\r\n')
    return tell(pauses, failures, server.status, answers=sum(asked))


if __name__ == '__main__':
    run(__doc__, main)
