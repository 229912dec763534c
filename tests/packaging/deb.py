"""deb.py BUILD SOURCE VERSION: the packages hold what is installed, each file
once, and what they are made from is what is installed to make them. Making them
takes minutes: packaging/test-deb does it. TAP.
"""
import fnmatch
import json
import os
import re
import subprocess
import sys

build, source, version = sys.argv[1:]
debian = os.path.join(source, "packaging", "debian")
packages = ["evident", "evident-verify", "evidentd"]
count = failed = 0


def claim(text, wrong):
    global count, failed
    count += 1
    failed += bool(wrong)
    print("not ok" if wrong else "ok", count, "-", text)
    for item in wrong:
        print("#", item)


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def installed():
    """All that meson installs, by the names that debian/*.install use."""
    options = {option["name"]: option["value"]
               for option in json.loads(read(build, "meson-info", "intro-buildoptions.json"))}
    prefix = options["prefix"]
    units = options["unitdir"] or os.path.join(prefix, "lib", "systemd", "system")
    etc = os.path.join(prefix, options["sysconfdir"])
    for path in json.loads(read(build, "meson-info", "intro-installed.json")).values():
        for place, name in ((units, "${env:UNITDIR}"), (etc, "etc"), (prefix, "usr")):
            if path.startswith(place + "/"):
                yield name + path[len(place):]
                break
        else:
            yield path


made = sorted(installed())
patterns = [(name, line.split()[0]) for name in packages
            for line in read(debian, name + ".install").splitlines()]
claim("each installed file is in one package",
      [f"{path}: in {len(holders)}" for path in made
       for holders in [[name for name, pattern in patterns if fnmatch.fnmatch(path, pattern)]]
       if len(holders) != 1] or ([] if len(made) >= 4 else ["nothing is installed"]))
# A build without scdoc, say, installs no man pages.
kinds = {os.path.dirname(path).split("/man/")[0] for path in made}
claim("each package holds only what is installed",
      [f"{name}: {pattern}" for name, pattern in patterns
       if os.path.dirname(pattern).split("/man/")[0] in kinds
       and not fnmatch.filter(made, pattern)])

control = read(debian, "control")
claim("the packages are those", sorted(
    set(re.findall(r"^Package: (\S+)", control, re.M)) ^ set(packages)))
wanted = re.search(r"^Build-Depends: (.*?)^\S", control, re.M | re.S).group(1)
wanted = [{re.split(r"[\s(]", one.strip())[0].replace("debhelper-compat", "debhelper")
           for one in item.split("|")} for item in wanted.split(",")]
dependencies = read(source, "packaging", "dependencies")
have = set(re.findall(r"[\w.+-]+", dependencies))
claim("all that building needs is in packaging/dependencies",
      [names for names in wanted if not have & names])
# What any build has, or debhelper brings.
own = {"build-essential", "ninja-build"}
have = set(re.search(r'^build="(.*?)"', dependencies, re.M | re.S).group(1).split()) - own
claim("and all that is there is asked for by the packages",
      sorted(have - set().union(*wanted)) or ([] if len(have) > 8 else have))
claim("they have the version of the programs",
      [] if re.match(rf"evident \({re.escape(version)}\)", read(debian, "changelog"))
      else [read(debian, "changelog").splitlines()[0]])
claim("no script of theirs can remove a node",
      [name for name in os.listdir(debian) if re.search(r"\.(pre|post)(inst|rm)$", name)
       and re.search(r"\brm\s|\bdeluser\b|\buserdel\b|--remove", read(debian, name))])
scripts = [os.path.join(debian, name) for name in sorted(os.listdir(debian))
           if re.search(r"\.(pre|post)(inst|rm)$", name)]
tests = [os.path.join(debian, "tests", name)
         for name in re.findall(r"^Tests: (\S+)", read(debian, "tests", "control"), re.M)]
others = [os.path.join(source, "packaging", name) for name in ("build-deb", "test-deb")]
claim("each test of theirs can be run",
      [path for path in tests + others if not os.access(path, os.X_OK)]
      or ([] if tests else ["none"]))
claim("a shell understands their scripts",
      [path for path in scripts + tests + others
       if subprocess.run(["bash" if "bash" in read(path).splitlines()[0] else "sh", "-n", path],
                         capture_output=True).returncode])
print(f"1..{count}")
sys.exit(1 if failed else 0)
