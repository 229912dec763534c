"""service.py UNIT USER-UNIT PROFILE SOURCE: the units confine, and do not stop
what the daemon does by itself. TAP; claims whose tool is not there are skipped.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

unit, user_unit, profile, source = sys.argv[1:]
count = failed = 0


def claim(text, good, said=""):
    global count, failed
    count += 1
    failed += not good
    print("ok" if good else "not ok", count, "-", text)
    if not good:
        for line in said.splitlines()[-20:]:
            print("#", line)


def skip(text, tool):
    global count
    count += 1
    print(f"ok {count} - {text} # SKIP no {tool}")


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode == 0, done.stdout


def settings(path, name):
    with open(path) as file:
        return re.findall(rf"^{name}=(.*)$", file.read(), re.M)


def expand(name, seen):
    """The calls of a set, which may name other sets."""
    if not name.startswith("@"):
        return {name}
    if name in seen:
        return set()
    seen.add(name)
    good, said = run("systemd-analyze", "syscall-filter", name)
    calls = set()
    for line in said.splitlines()[1:]:
        if good and line.strip() and not line.strip().startswith("#"):
            calls |= expand(line.strip(), seen)
    return calls


def allowed(path):
    calls = expand("@default", set())
    for line in settings(path, "SystemCallFilter"):
        names = line.lstrip("~").split()
        each = set().union(*(expand(name, set()) for name in names))
        calls = calls - each if line.startswith("~") else calls | each
    return calls


def calls_of_daemon():
    with open(os.path.join(source, "daemon", "base", "make_filters.c")) as file:
        text = file.read()
    lists = re.findall(r"static const int (\w+)\[\] = \{(.*?)END\}", text, re.S)
    return {call for name, body in lists if "probes" not in name and name != "asan"
            for call in re.findall(r"SCMP_SYS\((\w+)\)", body)}


if shutil.which("systemd-analyze"):
    claim("the system unit's exposure is below 2.0", *run(
        "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit))
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder
        for path, scope in ((unit, "--system"), (user_unit, "--user")):
            copy = os.path.join(folder, "evidentd.service")
            with open(path) as file, open(copy, "w") as to:
                # Only what is installed can be executed.
                to.write(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", file.read(), flags=re.M))
            good, said = run("systemd-analyze", "verify", "--man=no", scope, copy)
            about = "\n".join(line for line in said.splitlines() if copy in line or not good)
            claim(f"systemd understands all of the {scope[2:]} unit", not about, about)
    needed = calls_of_daemon() | {"seccomp", "clone", "execve", "signalfd4",
                                  "landlock_create_ruleset", "landlock_add_rule",
                                  "landlock_restrict_self", "prctl", "wait4", "kill", "socketpair", "prlimit64"}
    for path in (unit, user_unit):
        # SQLite gives files to their owner only when it is root.
        missing = needed - allowed(path) - {"fchown"}
        claim(f"{os.path.basename(path)} allows each system call the daemon uses",
              len(needed) > 100 and not missing, f"{len(needed)} needed\n" + "\n".join(missing))
else:
    skip("the units", "systemd-analyze")
for path in (unit, user_unit):
    claim(f"{os.path.basename(path)} leaves the credentials of sockets as they are",
          not settings(path, "PrivateUsers"))

parser = shutil.which("apparmor_parser", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
if parser and os.path.isdir("/etc/apparmor.d/abi"):
    claim("AppArmor's parser compiles the profile", *run(parser, "-Q", "-K", "-T", profile))
else:
    skip("AppArmor's parser compiles the profile", "apparmor_parser")
with open(profile) as file:
    name = re.search(r"^profile (\S+)", file.read(), re.M).group(1)
claim("the unit asks for that profile", settings(unit, "AppArmorProfile") == ["-" + name])

print(f"1..{count}")
sys.exit(1 if failed else 0)
