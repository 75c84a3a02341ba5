"""What the drivers of servers share: a server updated forth and back, and the line of JSON that tells of it.

UPSTARE_CTL names the tool.
"""
import json, os, subprocess, sys, time

CTL = os.environ.get('UPSTARE_CTL', 'upstare-ctl')


class Server:
    """A process that is ended by SIGTERM, whatever is raised: `with Server(arguments, answers) as server`.

    answers: asks the server something; raises OSError as long as it does not answer.
    `status` is its exit status then.
    """

    def __init__(self, arguments, answers, **options):
        self.process = subprocess.Popen(arguments, **options)
        self.pid, self.answers, self.status = self.process.pid, answers, None

    def __enter__(self):
        try:
            for _ in range(200):
                try:
                    self.answers()
                    return self
                except OSError:
                    time.sleep(0.05)
            raise RuntimeError(f'{self.process.args[0]} does not answer')
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        self.process.terminate()
        self.status = self.process.wait(30)


def forth_and_back(pid, patches, updates, failures, after=lambda i: None):
    """Applies the two patches in turns until one is refused, calling after(number) behind each. Returns the pauses, in microseconds."""
    pauses = []
    for i in range(updates):
        time.sleep(0.3)
        answer = subprocess.run([CTL, str(pid), 'apply', patches[i % 2], '--json'], capture_output=True, text=True)
        if answer.returncode or 'pause_us' not in answer.stdout:
            failures.append('no update: ' + (answer.stdout or answer.stderr).strip())
            break
        pauses.append(json.loads(answer.stdout)['pause_us'])
        after(i)
    time.sleep(0.3)
    return pauses


def tell(pauses, failures, status, **counts):
    """Prints how it went. Returns whether nothing failed and the server ended with 0."""
    pauses.sort(key=lambda p: p['total'])
    print(json.dumps({'updates': len(pauses), **counts, 'exit': status, 'failures': failures,
                      'pause_us': {'best': pauses[0], 'median': pauses[len(pauses) // 2], 'most': pauses[-1]} if pauses else None}), flush=True)
    return not failures and status == 0


def run(usage, main):
    """Calls main(program, patches, updates) with what the command line has, whose form `usage` tells; ends the script with 1 where it returns False."""
    if len(sys.argv) not in (4, 5):
        sys.exit(usage)
    sys.exit(0 if main(sys.argv[1], sys.argv[2:4], int(sys.argv[4]) if len(sys.argv) > 4 else 20) else 1)
