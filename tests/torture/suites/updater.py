#!/usr/bin/env python3
"""Applies identity patches to all programs that listen in a folder, again and again, until SIGTERM comes.

usage: updater.py FOLDER RESULT PAUSE TIMEOUT PROGRAM=PATCH...

FOLDER is where the sockets are ($XDG_RUNTIME_DIR/upstare of the programs), PAUSE the milliseconds between two rounds over them,
TIMEOUT how long an update may look for a safe state (ms). A socket's program is known by its executable. RESULT gets "applied N",
"refused N" and a line "why COUNT REASON" for each kind of refusal. It does what `upstare-ctl SOCKET apply PATCH` does
(docs/protocol.md), without the start of a tool for each update.
"""
import collections
import json
import os
import signal
import socket
import sys
import time


def apply(path, patch, timeout):
    """The program's answer, or None where it has ended."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as channel:
        channel.settimeout(timeout / 1000 + 30)
        channel.connect(path)
        channel.sendall(b"upstare/1 apply size=%d timeout=%d\n" % (len(patch), timeout) + patch)
        answer = b""
        while piece := channel.recv(65536):
            answer += piece
    return json.loads(answer) if answer.endswith(b"\n") else None


def reason(answer):
    """What hindered the update, without what differs from one process to the next."""
    places = [f'{o.get("function", "?")}: {o.get("why", "")}' for o in answer.get("obstacles", [])]
    return f'{answer["exit"]} {places[0] if places else answer.get("message", "")}'


def main():
    folder, result, pause, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    patches = {}
    for argument in sys.argv[5:]:
        program, patch = argument.split("=")
        with open(patch, "rb") as file:
            patches[os.path.realpath(program)] = file.read()
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    applied, refused, why = 0, 0, collections.Counter()
    while not stop:
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            try:
                patch = patches.get(os.readlink(f"/proc/{int(name.split('.')[0])}/exe"))
                answer = apply(os.path.join(folder, name), patch, timeout) if patch else None
            except (OSError, ValueError):
                # It has ended, or is about to.
                continue
            if answer and answer["exit"] == 0:
                applied += 1
            elif answer:
                refused += 1
                why[reason(answer)] += 1
        time.sleep(pause / 1000)
    with open(result, "w") as file:
        print(f"applied {applied}\nrefused {refused}", file=file)
        for text, count in why.most_common(20):
            print(f"why {count} {text}", file=file)


main()
