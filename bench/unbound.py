#!/usr/bin/env python3
"""Takes a running unbound of four threads, each in libevent's loop, to its next version and back under clients that check every answer.

usage: unbound.py OLD FORTH BACK [UPDATES]

OLD         executable, built by upstare-cc
FORTH BACK  patches from its version to the next, and back
Five clients ask by UDP, three by TCP with up to 20 questions a connection. Half of the names are the server's own; the others it has to ask
a server of this script's for, which is slow now and then. Prints a line of JSON; ends with 1 where anything was lost: an answer, an update.
"""
import os, random, socket, struct, tempfile, threading, time

from updates import Server, forth_and_back, run, tell

PORT, ELSEWHERE = 8186, 8187
A, TXT = 1, 16

CONFIGURATION = '''
server:
  interface: 127.0.0.1
  port: %d
  num-threads: 4
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "%s"
  pidfile: "pid"
  use-syslog: no
  logfile: "log"
  do-not-query-localhost: no
  module-config: "iterator"
  local-zone: "own.example." static
  local-data: "a.own.example. 60 IN A 10.1.2.3"
  local-data: "b.own.example. 60 IN TXT hello"
remote-control:
  control-enable: no
forward-zone:
  name: "far.example."
  forward-addr: 127.0.0.1@%d
'''


def question(name, kind, number):
    labels = b''.join(bytes([len(p)]) + p for p in name.encode().split(b'.'))
    return struct.pack('>HHHHHH', number, 0x100, 1, 0, 0, 0) + labels + b'\0' + struct.pack('>HH', kind, 1)


def far_away(far):
    """Answers questions for addresses below far.example with that of the number in the name: n258.far.example has 10.9.1.2."""
    while True:
        asked, sender = far.recvfrom(2000)
        end = asked.index(b'\0', 12) + 5
        number = int(asked[14:13 + asked[12]])
        if number % 50 == 0:
            time.sleep(0.05)
        answer = struct.pack('>HHHHHH', *struct.unpack('>H', asked[:2]), 0x8580, 1, 1, 0, 0) + asked[12:end]
        far.sendto(answer + struct.pack('>HHHIHBBBB', 0xc00c, A, 1, 60, 4, 10, 9, number >> 8, number & 255), sender)


class Clients:
    """Who asks all the time."""

    def __init__(self):
        self.stop, self.failures, self.answers, self.lock = False, [], 0, threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(ask, i)) for ask, n in ((self.datagrams, 5), (self.stream, 3)) for i in range(n)]
        for t in self.threads:
            t.start()

    def run(self, ask, number):
        chance = random.Random(f'{ask.__name__}{number}')
        try:
            while not self.stop:
                ask(chance)
        except Exception as e:
            self.failures.append(f'{ask.__name__} {number}: {e!r}')

    def exchange(self, chance, send, receive):
        number, what, n = chance.randrange(65536), chance.random(), chance.randrange(65536)
        name, kind, expected = ('a.own.example', A, b'\x0a\x01\x02\x03') if what < 0.25 else \
            ('b.own.example', TXT, b'\x05hello') if what < 0.5 else (f'n{n}.far.example', A, bytes([10, 9, n >> 8, n & 255]))
        send(question(name, kind, number))
        got = receive()
        if got[:2] != struct.pack('>H', number) or got[3] & 15 or expected not in got[12:]:
            raise RuntimeError(f'{name}: {got!r}')
        with self.lock:
            self.answers += 1

    def datagrams(self, chance):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(30)
            s.connect(('127.0.0.1', PORT))
            for _ in range(100):
                self.exchange(chance, s.send, lambda: s.recv(2000))

    def stream(self, chance):
        with socket.create_connection(('127.0.0.1', PORT), timeout=30) as s:
            for _ in range(chance.randrange(1, 20)):
                self.exchange(chance, lambda q: s.sendall(struct.pack('>H', len(q)) + q),
                              lambda: s.recv(struct.unpack('>H', s.recv(2, socket.MSG_WAITALL))[0], socket.MSG_WAITALL))

    def end(self):
        self.stop = True
        for t in self.threads:
            t.join()


def main(program, patches, updates):
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(('127.0.0.1', ELSEWHERE))
    for _ in range(4):
        threading.Thread(target=far_away, args=(far,), daemon=True).start()
    with tempfile.TemporaryDirectory() as home:
        with open(home + '/conf', 'w') as f:
            f.write(CONFIGURATION % (PORT, home, ELSEWHERE))
        with Server([program, '-c', home + '/conf'], lambda: socket.create_connection(('127.0.0.1', PORT)).close()) as server:
            clients = Clients()
            try:
                pauses = forth_and_back(server.pid, patches, updates, clients.failures)
            finally:
                clients.end()
    return tell(pauses, clients.failures, server.status, answers=clients.answers)


if __name__ == '__main__':
    run(__doc__, main)
