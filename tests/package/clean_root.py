# SPDX-License-Identifier: Apache-2.0
"""A clean Debian in a folder, made by debootstrap, and a service run in it as its unit says, without a service manager."""

import os
import re
import shutil
import socket
import subprocess
import tempfile

SECONDS = 900


class Failed(AssertionError):
    """A command ended otherwise than it had to."""


def run(command, expected=0, **more):
    """Runs the command; gives its output. Fails with it where the status is another."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          encoding='utf-8', errors='replace', timeout=SECONDS, **more)
    if done.returncode != expected:
        raise Failed(f'{" ".join(command)}: status {done.returncode}, not {expected}\n{done.stdout}')
    return done.stdout


class Root:
    """The root; gone with close."""

    def __init__(self, folder, suite='bookworm'):
        os.makedirs(folder, exist_ok=True)
        self.path = tempfile.mkdtemp(prefix='root-', dir=folder)
        os.chmod(self.path, 0o755)
        run(['debootstrap', '--variant=minbase', suite, self.path])
        self.write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755)

    def close(self):
        """Removes it; what was mounted was so in namespaces that are gone."""
        shutil.rmtree(self.path, ignore_errors=True)

    def inside(self, path):
        """The path as it is seen from outside."""
        return self.path + path

    def write(self, path, text, mode=0o644):
        """A file of root's."""
        with open(self.inside(path), 'w', encoding='utf-8') as file:
            file.write(text)
        os.chmod(self.inside(path), mode)

    def read(self, path):
        """A file's text."""
        with open(self.inside(path), encoding='utf-8') as file:
            return file.read()

    def run(self, *words, expected=0):
        """Runs a command as root, with a /proc that is its own."""
        script = f'mount -t proc proc {self.path}/proc && exec chroot {self.path} "$@"'
        env = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'DEBIAN_FRONTEND': 'noninteractive',
               **{name: value for name, value in os.environ.items() if name.lower().endswith('_proxy')}}
        return run(['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', script, 'sh', *words],
                   expected, env=env)

    def run_as(self, user, script, expected=0):
        """Runs a script as a user, with the groups that the user has."""
        return self.run('setpriv', f'--reuid={user}', f'--regid={user}', '--init-groups', 'env', f'HOME=/srv/{user}', 'sh', '-euc',
                        f'cd /srv/{user}\n{script}', expected=expected)

    def ids(self, user):
        """Its number and its group's."""
        fields = re.search(rf'^{user}:.*$', self.read('/etc/passwd'), re.M)[0].split(':')
        return int(fields[2]), int(fields[3])


class Service:
    """What a unit says, done by hand: its folders, its credentials, its user, its command line."""

    def __init__(self, root, name):
        self.root = root
        self.name = name
        self.settings = {}
        for line in root.read(f'/lib/systemd/system/{name}').splitlines():
            found = re.match(r'(\w+)=(.*)', line)
            if found:
                self.settings.setdefault(found[1], []).append(found[2])
        self.process = None
        self.socket = None

    def one(self, name):
        """The setting's last value."""
        return self.settings[name][-1]

    def _folder(self, path, mode, owner):
        os.makedirs(self.root.inside(path), exist_ok=True)
        os.chown(self.root.inside(path), *owner)
        os.chmod(self.root.inside(path), mode)

    def _prepare(self, owner):
        self._folder('/var/lib/' + self.one('StateDirectory'), int(self.one('StateDirectoryMode'), 8), owner)
        if 'RuntimeDirectory' in self.settings:
            self._folder('/run/' + self.one('RuntimeDirectory'), int(self.one('RuntimeDirectoryMode'), 8), owner)
        credentials = f'/run/credentials/{self.name}'
        self._folder(credentials, 0o500, owner)
        for setting in self.settings['LoadCredential']:
            name, _, source = setting.partition(':')
            to = self.root.inside(f'{credentials}/{name}')
            shutil.copyfile(self.root.inside(source), to)
            os.chown(to, *owner)
            os.chmod(to, 0o400)
        return credentials

    def command(self):
        """What to execute, as whom it is executed."""
        owner = self.root.ids(self.one('User'))
        words = self.one('ExecStart').replace('%d', self._prepare(owner)).split()
        return ['chroot', self.root.path, 'setpriv', f'--reuid={owner[0]}', f'--regid={owner[1]}', '--clear-groups',
                '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', *words]

    def _environment(self):
        return {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'NOTIFY_SOCKET': '/run/notify'}

    def run_once(self, expected=0):
        """Of a unit that ends by itself."""
        return run(self.command(), expected, env=self._environment(), umask=int(self.one('UMask'), 8))

    def start(self):
        """Starts it and waits until it says that it is ready."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        folder = os.open(self.root.inside('/run'), os.O_PATH)
        path = f'/proc/self/fd/{folder}/notify'     # a short name, however long the root's is
        if os.path.exists(path):
            os.unlink(path)
        self.socket.bind(path)
        os.chmod(path, 0o777)
        os.close(folder)
        self.socket.settimeout(30)
        with open(self.root.inside('/var/log/custodyd.log'), 'w', encoding='utf-8') as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=self._environment(), umask=int(self.one('UMask'), 8))
        return self.heard()

    def heard(self):
        """The next thing that it says to its manager."""
        try:
            return self.socket.recv(256).decode()
        except TimeoutError:
            raise Failed('it said nothing:\n' + self.log()) from None

    def log(self):
        """What it wrote."""
        return self.root.read('/var/log/custodyd.log')

    def stop(self):
        """Stops it as a service manager would; gives what it said, and its status."""
        self.process.terminate()
        said = self.heard()
        status = self.process.wait(30)
        self.socket.close()
        return said, status

    def kill(self):
        """Whatever state it is in."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
