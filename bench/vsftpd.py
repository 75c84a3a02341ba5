#!/usr/bin/env python3
"""Takes a running vsFTPd through a chain of updates without ever restarting it, and checks its sessions on the way.

usage: vsftpd.py VERSIONS MODEL CASE [FIRST]    (as root)

VERSIONS  folder with a built tree for each version (1.1.0/vsftpd ...) and a patch for each update (1.1.0-1.1.1.so ...)
MODEL     one or two: the process model
CASE      idle: clients at their prompt; transfer: clients in the middle of a large download; text: the same, of a file of text,
          with its line ends converted
UPSTARE_CTL names the tool. Prints a line of JSON for each update, and a summary at the end; ends with 1 where anything was not as it should be.
"""
import hashlib, json, os, re, socket, statistics, subprocess, sys, tempfile, threading, time

VERSIONS = '1.1.0 1.1.1 1.1.2 1.1.3 1.2.0 1.2.1 1.2.2 2.0.0 2.0.1 2.0.2 2.0.3 2.0.4 2.0.5 2.0.6'.split()
PORT = 2121
CTL = os.environ.get('UPSTARE_CTL', 'upstare-ctl')


class Session:
    """A logged-in client."""

    def __init__(self, complete=True):
        self.control = socket.create_connection(('127.0.0.1', PORT), timeout=30)
        self.lines = self.control.makefile('rb')
        self.banner = self.answer('220')
        self.ask('USER anonymous', '331')
        if complete:
            self.log_in()

    def log_in(self):
        self.ask('PASS me@', '230')
        self.ask('TYPE I', '200')

    def answer(self, code):
        text = ''
        while True:
            line = self.lines.readline().decode()
            text += line
            if not line or re.match(r'\d\d\d ', line):
                break
        if not text.startswith(code):
            raise RuntimeError(f'{code} was due, not {text!r}')
        return text

    def ask(self, command, code):
        self.control.sendall(command.encode() + b'\r\n')
        return self.answer(code)

    def open(self, name):
        numbers = re.search(r'\((.*)\)', self.ask('PASV', '227')).group(1).split(',')
        data = socket.create_connection(('127.0.0.1', int(numbers[4]) * 256 + int(numbers[5])), timeout=30)
        self.ask('RETR ' + name, '150')
        return data

    def open_actively(self, name):
        """The server connects; from port 20, for which the process with the privileges makes the socket."""
        with socket.create_server(('127.0.0.1', 0)) as listener:
            listener.settimeout(30)
            port = listener.getsockname()[1]
            self.ask(f'PORT 127,0,0,1,{port // 256},{port % 256}', '200')
            self.ask('RETR ' + name, '150')
            return listener.accept()[0]

    def get(self, name, actively=False):
        data, content = self.open_actively(name) if actively else self.open(name), b''
        while piece := data.recv(1 << 16):
            content += piece
        self.answer('226')
        return content


class Transfer(threading.Thread):
    """A download that goes slowly until it is told to hurry."""

    def __init__(self, session, name, rate):
        super().__init__(daemon=True)
        if name == 'text':
            session.ask('TYPE A', '200')
        self.session, self.name, self.rate, self.hurry = session, name, rate, threading.Event()
        self.read, self.sum, self.error = 0, hashlib.sha256(), None
        self.data = session.open(name)
        self.start()

    def run(self):
        try:
            while piece := self.data.recv(1 << 16):
                self.read += len(piece)
                self.sum.update(piece)
                self.hurry.wait(0 if self.hurry.is_set() else len(piece) / self.rate)
            self.session.answer('226')
            self.session.ask('TYPE I', '200')
        except Exception as error:  # told to who waits for the end
            self.error = error

    def end(self):
        self.hurry.set()
        self.join(60)
        if self.error or self.is_alive():
            raise RuntimeError(f'the transfer ended at {self.read}: {self.error}')
        return self.sum.hexdigest()


def control(pid, *args):
    run = subprocess.run([CTL, str(pid), *args, '--json'], capture_output=True, text=True, timeout=60)
    return run.returncode, run.stdout or run.stderr


def check(session, version):
    """A session works and, where its version tells it, is in the right one."""
    session.ask('NOOP', '200')
    session.ask('PWD', '257')
    if len(session.get('small')) != 32 or len(session.get('small', actively=True)) != 32:
        raise RuntimeError('a short file came wrong')
    status = session.ask('STAT', ('211', '500'))
    if re.search(r'vsFTPd \d', status) and f'vsFTPd {version} ' not in status:
        raise RuntimeError(f'an old session is not in {version}: {status}')


def file_contents(name):
    """What clients download: 300 MB, of text some 20 MB less, so that it lasts for a chain of updates."""
    if name == 'small':
        return bytes(32)
    if name == 'text':
        return b''.join(b'line %09d of a text with line ends to convert\n' % i for i in range(5_500_000))
    return os.urandom(300_000_000)


def files(folder, names):
    """A home for anonymous sessions, with those files. Returns their contents by name."""
    os.mkdir(f'{folder}/home')
    os.mkdir(f'{folder}/empty')
    contents = {name: file_contents(name) for name in names}
    for name, content in contents.items():
        with open(f'{folder}/home/{name}', 'wb') as f:
            f.write(content)
        os.chmod(f'{folder}/home/{name}', 0o644)
    for path in (folder, f'{folder}/home', f'{folder}/empty'):
        os.chmod(path, 0o755)
    return contents


def summary(rows):
    pauses = sorted(row['answer']['pause_us']['total'] / 1000 for row in rows)
    return {'updates applied': len(rows), 'pause, ms': {'least': pauses[0], 'middle': statistics.median(pauses), 'most': pauses[-1]}}


def main():
    with tempfile.TemporaryDirectory() as folder:
        return chain(folder, *sys.argv[1:])


def chain(own, folder, model, case, *first):
    versions = VERSIONS[VERSIONS.index(first[0]):] if first else VERSIONS
    configuration, rows = f'{own}/conf', []
    name = 'text' if case == 'text' else 'big'
    content = files(own, ['small'] if case == 'idle' else ['small', name]).get(name, b'')
    with open(configuration, 'w') as f:
        f.write(f'listen=YES\nlisten_port={PORT}\nanonymous_enable=YES\nanon_root={own}/home\nftp_username=daemon\nsecure_chroot_dir={own}/empty\n'
                # without this, what need not be privileged is one process whatever is said
                f'one_process_model={"YES" if model == "one" else "NO"}\nlocal_enable={"NO" if model == "one" else "YES"}\n'
                # and without this the process with the privileges ends after the login
                f'connect_from_port_20={"NO" if model == "one" else "YES"}\nascii_download_enable=YES\n')
    os.chmod(configuration, 0o600)
    want = hashlib.sha256(content.replace(b'\n', b'\r\n') if case == 'text' else content).hexdigest()
    server = subprocess.Popen([f'{folder}/{versions[0]}/vsftpd', configuration])
    try:
        time.sleep(0.5)
        sessions, others, long = [Session()], [], None
        if case != 'idle':
            long = Transfer(Session(), name, 4 << 20)   # lasts for the whole chain
        for old, new in zip(versions, versions[1:]):
            sessions.append(Session())
            leaver, beginner = Session(), Session(complete=False)
            transfer = Transfer(Session(), name, 4 << 20) if case != 'idle' else None
            time.sleep(0.3)
            depth = control(server.pid, 'status')[1]
            code, answer = control(server.pid, 'apply', f'{folder}/{old}-{new}.so')
            row = {'update': f'{old} -> {new}', 'code': code, 'answer': json.loads(answer) if answer[:1] == '{' else answer}
            if os.environ.get('VSFTPD_STATUS'):
                row['before'] = json.loads(depth)
            if code == 0:
                if transfer:
                    row['read before'] = transfer.read
                    if transfer.end() != want:
                        raise RuntimeError('a download came wrong')
                    check(transfer.session, new)
                for session in sessions:
                    check(session, new)
                beginner.log_in()
                check(beginner, new)
                leaver.ask('QUIT', '221')   # a session from before the update ends, and the listener lives on
                leaver.control.close()
                time.sleep(0.3)
                late = Session()
                if new not in late.banner:
                    raise RuntimeError(f'a new session is not in {new}: {late.banner}')
                check(late, new)
                others += [late, beginner]
            print(json.dumps(row), flush=True)
            if code:
                return 1
            rows.append(row)
        if long:
            print(json.dumps({'the long transfer, read before its last update': long.read}))
            if long.read >= len(content) or long.end() != want:
                raise RuntimeError('the long download came wrong, or was over too early')
            check(long.session, new)
        for session in sessions + others:
            check(session, new)
        print(json.dumps({'sessions that are well at the end': len(sessions + others) + (long is not None), **summary(rows)}))
        return 0
    finally:
        server.kill()
        server.wait()


sys.exit(main())
