#!/usr/bin/env python3
"""Takes a running nginx (a master and two workers) forth and back between two versions under clients that check every answer.

usage: nginx.py OLD FORTH BACK [UPDATES]

OLD         executable, built by upstare-cc
FORTH BACK  patches from its version to the next, and back
Prints a line of JSON; ends with 1 where anything was lost: an answer, a connection, an update.
"""
import hashlib, http.client, os, re, tempfile, threading, time

from updates import Server, forth_and_back, run, tell

PORT = 8185
SIZE = 30_000_000

CONFIGURATION = '''
worker_processes 2;
daemon off;
pid nginx.pid;
error_log error.log;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_requests 100000000;
  client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
  server {
    listen 127.0.0.1:%d;
    location / { root html; sendfile on; }
    location /threads/ { alias html/; sendfile off; aio threads; directio 512; }
    location /proxy/ { proxy_pass http://127.0.0.1:%d/; }
  }
}
''' % (PORT, PORT)


def get(connection, path):
    """Asks on a connection that stays open. Returns an iterator over the body."""
    connection.request('GET', path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f'{path}: {answer.status}')
    return iter(lambda: answer.read(65536), b'')


def connect():
    return http.client.HTTPConnection('127.0.0.1', PORT, timeout=30)


class Clients:
    """Six that ask for a line all the time, and three for a file that they read slowly."""

    def __init__(self, digest):
        self.digest, self.stop, self.failures, self.answers, self.files = digest, False, [], 0, 0
        self.threads = [threading.Thread(target=self.run, args=a) for a in
                        [(self.small, '/line')] * 4 + [(self.small, '/proxy/line')] * 2 + [(self.large, p + 'file') for p in ('/', '/threads/', '/proxy/')]]
        self.lock = threading.Lock()
        for t in self.threads:
            t.start()

    def run(self, what, path):
        try:
            connection = connect()
            while not self.stop:
                what(connection, path)
        except Exception as e:
            self.failures.append(f'{path}: {e!r}')

    def small(self, connection, path):
        body = b''.join(get(connection, path))
        if body != b'a line\n':
            raise RuntimeError(f'not {body[:60]!r}')
        with self.lock:
            self.answers += 1

    def large(self, connection, path):
        digest = hashlib.sha256()
        for part in get(connection, path):
            digest.update(part)
            time.sleep(0.001)
        if digest.digest() != self.digest:
            raise RuntimeError('another file')
        with self.lock:
            self.files += 1

    def end(self):
        self.stop = True
        for t in self.threads:
            t.join()


def main(program, patches, updates):
    with tempfile.TemporaryDirectory() as home:
        os.makedirs(home + '/html')
        os.chmod(home, 0o755)
        content = os.urandom(SIZE)
        for name, body in (('nginx.conf', CONFIGURATION.encode()), ('html/line', b'a line\n'), ('html/file', content)):
            with open(f'{home}/{name}', 'wb') as f:
                f.write(body)
        with Server([program, '-p', home, '-c', 'nginx.conf', '-e', 'error.log'], lambda: get(connect(), '/line')) as server:
            clients = Clients(hashlib.sha256(content).digest())
            try:
                pauses = forth_and_back(server.pid, patches, updates, clients.failures)
            finally:
                clients.end()
        with open(home + '/error.log') as f:
            clients.failures += [line for line in f if re.search(r'\[(alert|crit|emerg|error)\]', line)]
    return tell(pauses, clients.failures, server.status, answers=clients.answers, files=clients.files)


if __name__ == '__main__':
    run(__doc__, main)
