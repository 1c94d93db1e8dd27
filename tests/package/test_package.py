# SPDX-License-Identifier: Apache-2.0
"""
The Debian packages, in a clean root: built, installed, a ledger founded and served by the command lines of the units, one case
led through by users of the machine, and removed. Each case stands on those before it. Argument: a folder for all of it.
"""

import contextlib
import glob
import http.client
import json
import os
import re
import shutil
import stat
import sys

TOP = os.environ.get('CUSTODY_TOP') or os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..'))
sys.path.insert(0, os.path.join(TOP, 'tests', 'contract'))
import contract  # pylint: disable=wrong-import-position
from contract import Skip, expect_equal  # pylint: disable=wrong-import-position
from clean_root import Failed, Root, Service, run  # pylint: disable=wrong-import-position

FOLDER = os.path.abspath(sys.argv[1])
NEEDED = ['debootstrap', 'dh', 'dpkg-buildpackage', 'unshare', 'chroot', 'setpriv']
PROGRAMS = ['/usr/bin/custody', '/usr/bin/custody-verify', '/usr/sbin/custodyd']
PAGES = ['man1/custody.1', 'man1/custody-verify.1', 'man3/libcustody.3', 'man5/custody-trust.5', 'man5/custodyd.conf.5',
         'man8/custodyd.8']
# Exposure, in tenths, that `systemd-analyze security` may say of a unit.
EXPOSURE_MAX = 10


class State:
    """What the cases have made so far."""
    packages = []
    root = None
    service = None


def _needs(what, name):
    if not what:
        raise Skip(f'{name} is not there')


def _missing():
    if os.geteuid() != 0:
        return 'needs root'
    missing = [name for name in NEEDED if not shutil.which(name)]
    return f'without {", ".join(missing)} (tools/setup --with package)' if missing else None


def the_packages_are_built():
    why = _missing()
    if why:
        raise Skip(why)
    run([os.path.join(TOP, 'tools', 'package'), '--no-setup', '--out', FOLDER])
    State.packages = [path for path in glob.glob(os.path.join(FOLDER, '*.deb')) if '-dbgsym' not in path]
    expect_equal(sorted(os.path.basename(path).split('_')[0] for path in State.packages),
                 ['custody', 'custodyd', 'libcustody-dev', 'libcustody0'])


def they_install_in_a_clean_root():
    _needs(State.packages, 'a package')
    try:
        State.root = Root(FOLDER)
    except Failed as why:
        if os.environ.get('CI'):
            raise
        raise Skip(f'debootstrap failed: {str(why).splitlines()[-1]}') from None
    root = State.root
    for path in State.packages:
        shutil.copy(path, root.inside('/tmp'))
    names = ['/tmp/' + os.path.basename(path) for path in State.packages if 'libcustody-dev' not in path]
    root.run('apt-get', '-q', '-y', '--no-install-recommends', 'install', 'systemd', *names)
    root.run('dpkg', '--unpack', *['/tmp/' + os.path.basename(path) for path in State.packages if 'libcustody-dev' in path])
    expect_equal(root.run('custody', '--version').split()[0], 'custody')
    expect_equal([path for path in PROGRAMS if not os.access(root.inside(path), os.X_OK)], [])
    expect_equal([page for page in PAGES if not os.path.exists(root.inside(f'/usr/share/man/{page}.gz'))], [])
    expect_equal('libcustody.so.0' in root.run('ldconfig', '-p'), True)


def the_user_is_there_and_the_service_is_not_enabled():
    _needs(State.root, 'a root')
    root = State.root
    expect_equal(root.ids('custody')[0] > 0, True)
    expect_equal(root.run('systemctl', 'is-enabled', 'custodyd.service', expected=1).strip(), 'disabled')


def the_units_hold_up():
    _needs(State.root, 'a root')
    for unit in ('custodyd.service', 'custodyd-init.service'):
        said = State.root.run('systemd-analyze', 'verify', '--man=no', f'/lib/systemd/system/{unit}')
        expect_equal([line for line in said.splitlines() if unit in line], [])
        State.root.run('systemd-analyze', 'security', '--offline=true', f'--threshold={EXPOSURE_MAX}',
                       f'/lib/systemd/system/{unit}')


FOUND = '''
cd /etc/custody
umask 077
custody key new --name ledger.example/refunds --no-passphrase log.key
custody key new --name ledger.example/refunds/clerk --no-passphrase clerk.key
custody key new --name operator/ada --no-passphrase ada.key
custody key new --name operator/otto --no-passphrase otto.key
echo '{"admin_quorum":2,"rules":[{"match":{"action":"refund"},"effect":"hold","approvals":1,"roles":["approver"]}]}' >policy.json
custody init opening.json --log-key log.key --clerk-key clerk.key --admin ada.key --admin otto.key --policy policy.json
custody trust new trust.json --opening opening.json
'''


def a_ledger_is_founded_by_the_init_units_command_line():
    _needs(State.root, 'a root')
    State.root.run('sh', '-euc', FOUND)
    said = Service(State.root, 'custodyd-init.service').run_once()
    expect_equal('event=created' in said, True)
    info = os.stat(State.root.inside('/var/lib/custody/ledger.db'))
    expect_equal((info.st_uid, stat.S_IMODE(info.st_mode)), (State.root.ids('custody')[0], 0o600))


def the_service_says_that_it_is_ready():
    _needs(State.root, 'a root')
    config = json.loads(State.root.read('/etc/custody/custodyd.conf'))
    State.root.write('/etc/custody/custodyd.conf', json.dumps({**config, 'metrics': 'http://127.0.0.1:0'}))
    State.service = Service(State.root, 'custodyd.service')
    expect_equal(State.service.start(), 'READY=1\n')
    info = os.stat(State.root.inside('/run/custody/custodyd.sock'))
    expect_equal(stat.S_IMODE(info.st_mode), 0o660)


def it_says_how_it_is_and_what_it_gave_up():
    _needs(State.service, 'a service')
    log = State.service.log()
    door = re.search(r'event=metrics door=http://127\.0\.0\.1:(\d+)', log)
    expect_equal(bool(door), True)
    status, text = _get(int(door[1]), '/healthz')
    expect_equal((status, text), (200, 'serving\n'))
    status, text = _get(int(door[1]), '/metrics')
    expect_equal((status, text.endswith('# EOF\n'), '\ncustody_keys_locked 1\n' in text), (200, True, True))
    with open(f'/proc/{State.service.process.pid}/status', encoding='utf-8') as file:
        now = dict(re.findall(r'^(\w+):\s*(\S+)', file.read(), re.M))
    expect_equal((now['NoNewPrivs'], now['Seccomp']), ('1', '2'))
    expect_equal(bool(re.search(r'event=sandbox seccomp=on landlock=\d', log)), True)
    expect_equal(now['VmLck'] != '0', True)


CASE = '''
export CUSTODY_URL=ipc:///run/custody/custodyd.sock CUSTODY_TRUST=trust.json
new() { custody key new --name "$1" --no-passphrase "$2" >/dev/null; }
new acme/alice alice.key; new acme/bob bob.key; new acme/agent agent.key
echo '{"amount":250}' >payload.json
custody enrol --party acme --new alice.key --new bob.key --role admin --role approver --role owner --admin ada.key --admin otto.key
custody enrol --new agent.key --owner acme/bob --admin alice.key --admin bob.key
export CUSTODY_KEY=agent.key
case=$(custody request --service payments --action refund --payload payload.json --json | sed 's/.*"case":"\\([0-9a-f]*\\)".*/\\1/')
custody approve "$case" --yes --key alice.key
custody wait "$case" --timeout 20s
custody consume "$case" --out authorised.json
cmp payload.json authorised.json
custody outcome "$case" fulfilled
custody evidence "$case" --out evidence.json
custody-verify --trust trust.json --as acme/agent evidence.json
custody audit
'''


def _get(port, path):
    with contextlib.closing(http.client.HTTPConnection('127.0.0.1', port, timeout=30)) as connection:
        connection.request('GET', path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def a_member_of_the_group_leads_a_case_through():
    _needs(State.service, 'a service')
    root = State.root
    root.run('useradd', '--base-dir', '/srv', '--create-home', '--user-group', '--groups', 'custody', 'alice')
    owner = root.ids('alice')
    for name in ('ada.key', 'otto.key', 'trust.json'):
        to = root.inside(f'/srv/alice/{name}')
        shutil.copyfile(root.inside(f'/etc/custody/{name}'), to)
        os.chown(to, *owner)
        os.chmod(to, 0o600)
    said = root.run_as('alice', CASE)
    expect_equal('consumed once' in said, True)
    expect_equal('case is FULFILLED' in said, True)


def nobody_else_reaches_the_door_or_the_database():
    _needs(State.service, 'a service')
    root = State.root
    root.run('useradd', '--base-dir', '/srv', '--create-home', '--user-group', 'mallory')
    root.run_as('mallory', 'custody info --url ipc:///run/custody/custodyd.sock --timeout 1s', expected=3)
    root.run_as('mallory', 'cat /var/lib/custody/ledger.db >/dev/null', expected=1)
    root.run_as('alice', 'cat /var/lib/custody/ledger.db >/dev/null', expected=1)
    root.run_as('mallory', 'cat /etc/custody/log.key >/dev/null', expected=1)


def the_service_ends_when_it_is_told_to():
    _needs(State.service, 'a service')
    expect_equal(State.service.stop(), ('STOPPING=1\n', 0))
    expect_equal('event=stopped' in State.service.log(), True)


def it_starts_again_on_what_it_left():
    _needs(State.service, 'a service')
    State.service = Service(State.root, 'custodyd.service')
    expect_equal(State.service.start(), 'READY=1\n')
    State.root.run_as('alice', 'custody audit --url ipc:///run/custody/custodyd.sock --trust trust.json --key alice.key')
    expect_equal(State.service.stop()[1], 0)


def what_is_removed_leaves_the_ledger():
    _needs(State.root, 'a root')
    root = State.root
    root.run('apt-get', '-q', '-y', 'purge', 'custody', 'custodyd', 'libcustody0', 'libcustody-dev')
    expect_equal([path for path in PROGRAMS if os.path.exists(root.inside(path))], [])
    expect_equal([page for page in PAGES if os.path.exists(root.inside(f'/usr/share/man/{page}.gz'))], [])
    expect_equal(os.path.exists(root.inside('/lib/systemd/system/custodyd.service')), False)
    expect_equal(os.path.exists(root.inside('/etc/custody/custodyd.conf')), False)
    expect_equal(os.path.exists(root.inside('/var/lib/custody/ledger.db')), True)
    expect_equal(os.path.exists(root.inside('/etc/custody/log.key')), True)


try:
    contract.main([
        the_packages_are_built,
        they_install_in_a_clean_root,
        the_user_is_there_and_the_service_is_not_enabled,
        the_units_hold_up,
        a_ledger_is_founded_by_the_init_units_command_line,
        the_service_says_that_it_is_ready,
        it_says_how_it_is_and_what_it_gave_up,
        a_member_of_the_group_leads_a_case_through,
        nobody_else_reaches_the_door_or_the_database,
        the_service_ends_when_it_is_told_to,
        it_starts_again_on_what_it_left,
        what_is_removed_leaves_the_ledger,
    ])
finally:
    if State.service:
        State.service.kill()
    if State.root:
        State.root.close()
