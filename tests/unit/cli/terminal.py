# SPDX-License-Identifier: Apache-2.0
"""A terminal for tests: a program on a pty, what it wrote, and the screen that a VT100 would show."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

SEQUENCE = re.compile(r'\x1b\[([?0-9;]*)([A-Za-z])')


def _be_shell():
    """Goes on in a job of its own, under a parent that says when it stops and lets it go on, as a shell would."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        return
    while True:
        status = os.waitpid(job, os.WUNTRACED)[1]
        if not os.WIFSTOPPED(status):
            os._exit(os.waitstatus_to_exitcode(status))
        os.tcsetpgrp(0, os.getpid())
        os.write(1, b'STOPPED')
        time.sleep(0.5)
        os.tcsetpgrp(0, job)
        os.kill(job, signal.SIGCONT)


class Terminal:
    """Runs words[0] at a pty of its own."""

    def __init__(self, words, rows=24, columns=100, folder='.', shell=False, **settings):
        self.rows, self.columns = rows, columns
        self.raw = b''
        self.status = None
        self.pid, self.file = pty.fork()
        if self.pid == 0:
            time.sleep(0.05)  # until the size stands
            os.chdir(folder)
            os.environ.update(settings)
            if shell:
                _be_shell()
            os.execv(words[0], words)
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.file)

    def resize(self, rows, columns):
        self.rows, self.columns = rows, columns
        fcntl.ioctl(self.file, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def type(self, text):
        os.write(self.file, text.encode())

    def read(self, seconds):
        """Takes what comes within the time; False where nothing ever will."""
        if not select.select([self.file], [], [], seconds)[0]:
            return True
        try:
            got = os.read(self.file, 65536)
        except OSError:
            got = b''
        self.raw += got
        return bool(got)

    def until(self, what, seconds=20):
        """Reads until the screen says so (a text, or a function of the screen)."""
        end = time.time() + seconds
        while time.time() < end:
            screen = self.screen()
            if what(screen) if callable(what) else what in screen:
                return screen
            if not self.read(0.2):
                break
        raise AssertionError(f'{what!r} was never on the screen:\n{self.screen()}\n{self.raw[-300:]!r}')

    def end(self, seconds=20):
        """Reads to the end; the exit status, negative for a signal."""
        end = time.time() + seconds
        while time.time() < end and self.read(0.2):
            pass
        self.after = termios.tcgetattr(self.file)
        while time.time() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                break
            time.sleep(0.02)
        os.close(self.file)
        if self.status is None:
            raise AssertionError('the program did not end')
        return self.status

    def screen(self):
        """What stands there now, a line for each row."""
        rows = [[' '] * self.columns for _ in range(self.rows)]
        text = self.raw.decode('utf-8', 'replace')
        row = column = at = 0
        while at < len(text):
            match = SEQUENCE.match(text, at)
            if match:
                at = match.end()
                numbers = [int(one) if one.isdigit() else 1 for one in match.group(1).split(';')]
                if match.group(2) == 'H':
                    row, column = (numbers + [1, 1])[0] - 1, (numbers[1] if len(numbers) > 1 else 1) - 1
                elif match.group(2) == 'J':
                    rows = [[' '] * self.columns for _ in range(self.rows)]
                elif match.group(2) == 'K' and row < self.rows:
                    rows[row][column:] = [' '] * (self.columns - column)
                continue
            character = text[at]
            at += 1
            if character == '\n':
                row += 1
            elif character == '\r':
                column = 0
            elif row < self.rows and column < self.columns:
                rows[row][column] = character
                column += 1
            if row >= self.rows:
                rows = rows[1:] + [[' '] * self.columns]
                row = self.rows - 1
        return '\n'.join(''.join(one).rstrip() for one in rows)
