#!/usr/bin/env python3
"""Takes a running nginx (a master and two workers) forth and back between two versions under clients that check every answer.

usage: nginx.py OLD FORTH BACK [UPDATES]

OLD         executable, built by upstare-cc
FORTH BACK  patches from its version to the next, and back
UPSTARE_CTL names the tool. Prints lines of JSON; ends with 1 where anything was lost: an answer, a connection, an update.
"""
import hashlib, http.client, json, os, re, subprocess, sys, tempfile, threading, time

PORT = 8185
CTL = os.environ.get('UPSTARE_CTL', 'upstare-ctl')
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
    """Asks on a connection that stays open. Returns the server's version and an iterator over the body."""
    connection.request('GET', path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f'{path}: {answer.status}')
    return answer.getheader('Server'), iter(lambda: answer.read(65536), b'')


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
        body = b''.join(get(connection, path)[1])
        if body != b'a line\n':
            raise RuntimeError(f'not {body[:60]!r}')
        with self.lock:
            self.answers += 1

    def large(self, connection, path):
        digest = hashlib.sha256()
        for part in get(connection, path)[1]:
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


def update(pid, patches, updates, pauses, versions):
    """Updates the process with one patch and the other in turn, noting each pause and the version that answers behind it. Returns what failed."""
    failures = []
    for i in range(updates):
        time.sleep(0.3)
        answer = subprocess.run([CTL, str(pid), 'apply', patches[i % 2], '--json'], capture_output=True, text=True)
        if answer.returncode or 'pause_us' not in answer.stdout:
            failures.append('no update: ' + answer.stdout.strip())
            break
        pauses.append(json.loads(answer.stdout)['pause_us'])
        versions.append(get(connect(), '/line')[0])
        if versions[-1] == versions[-2] or (i and versions[-1] != versions[-3]):
            failures.append(f'versions: {versions[-3:]}')
    time.sleep(0.3)
    return failures


def update_under_load(program, patches, updates):
    with tempfile.TemporaryDirectory() as home:
        os.makedirs(home + '/html')
        os.chmod(home, 0o755)
        content = os.urandom(SIZE)
        for name, body in (('nginx.conf', CONFIGURATION.encode()), ('html/line', b'a line\n'), ('html/file', content)):
            with open(f'{home}/{name}', 'wb') as f:
                f.write(body)
        pauses, versions = [], []
        server = subprocess.Popen([program, '-p', home, '-c', 'nginx.conf', '-e', 'error.log'])
        try:
            time.sleep(0.5)
            versions.append(get(connect(), '/line')[0])
            clients = Clients(hashlib.sha256(content).digest())
            try:
                clients.failures += update(server.pid, patches, updates, pauses, versions)
            finally:
                clients.end()
        finally:
            server.terminate()
            status = server.wait(10)
        with open(home + '/error.log') as f:
            clients.failures += [line for line in f if re.search(r'\[(alert|crit|emerg|error)\]', line)]
    pauses.sort(key=lambda p: p['total'])
    print(json.dumps({'updates': len(pauses), 'versions': sorted(set(versions)), 'answers': clients.answers, 'files': clients.files, 'exit': status,
                      'failures': clients.failures,
                      'pause_us': {'best': pauses[0], 'median': pauses[len(pauses) // 2], 'most': pauses[-1]} if pauses else None}), flush=True)
    return not clients.failures and status == 0


if __name__ == '__main__':
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    sys.exit(0 if update_under_load(sys.argv[1], sys.argv[2:4], int(sys.argv[4]) if len(sys.argv) > 4 else 20) else 1)
