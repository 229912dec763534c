"""man.py EVIDENT EVIDENT-VERIFY EVIDENTD SOURCE: the man pages say all that the
programs can do: each command, option, exit code, variable and file. TAP."""
import os
import re
import subprocess
import sys

evident, verify, evidentd, source = sys.argv[1:]
sys.path.insert(0, os.path.join(source, "packaging"))
from usage import ask, commands, common, options  # noqa: E402

count = failed = 0


def claim(text, missing):
    global count, failed
    count += 1
    failed += bool(missing)
    print("not ok" if missing else "ok", count, "-", text)
    for item in missing:
        print("#", item)


def read(*path):
    with open(os.path.join(source, *path)) as file:
        return file.read()


def page(name):
    return read("packaging", "man", name + ".scd").replace("\\", "")


def section(text, title, level="#"):
    found = re.search(rf"^{level} {title}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", text, re.M | re.S)
    return found.group(1) if found else ""


def sources(*folders):
    for folder in folders:
        for name in sorted(os.listdir(os.path.join(source, folder))):
            if name.endswith(".c"):
                yield name, read(folder, name)


client_page, table = page("evident.1"), commands(evident)
claim("evident --help lists commands", [] if len(table) >= 14 else table)
claim("each command has its section",
      [name for name in table if not section(client_page, name, "##")])
claim("no section is of a command that is not there",
      [name for name in re.findall(r"^## (.+)$", client_page, re.M) if name not in table])
claim("each section names each option of its command, and explains it",
      [f"{name} {option}" for name, (_, usage) in table.items() for option in options(usage)
       if not re.search(rf"^\*{option}\*.*\n\t", section(client_page, name, "##"), re.M)])
claim("no section names an option its command does not take",
      [f"{name} {option}" for name, (_, usage) in table.items()
       for option in re.findall(r"^\*(--[a-z-]+)\*", section(client_page, name, "##"), re.M)
       if option not in options(usage)])
claim("each common option is explained",
      [option for option in options(common(evident))
       if not re.search(rf"^\*{option}\*.*\n\t", section(client_page, "OPTIONS"), re.M)])
known = set(re.findall(r'\{\.name = "([a-z-]+)", \.(?:flag|value|each)', "".join(
    text for _, text in sources("client"))))
told = {option[2:] for _, usage in table.values() for option in options(usage)}
claim("usage names each option that the code takes, and no other",
      sorted(known ^ (told | {option[2:] for option in options(common(evident))})))
codes = re.findall(r"EXIT_\w+ = (\d+)", read("client", "command.h"))
claim("each exit code is explained",
      [code for code in codes if f"*{code}*" not in section(client_page, "EXIT STATUS")]
      or ([] if len(codes) == 8 else codes))
asked = {name: set(re.findall(r'getenv\("(\w+)"\)', text)) for name, text in sources("client")}
claim("each variable of the environment is explained",
      [name for names in asked.values() for name in sorted(names)
       if f"*{name}*" not in section(client_page, "ENVIRONMENT")]
      or ([] if any(asked.values()) else ["none found"]))

own = page("evident-verify.1")
claim("evident-verify's options are explained",
      [option for option in options(common(verify))
       if f"*{option}*" not in section(own, "OPTIONS")])
claim("evident-verify's exit codes are explained",
      [code for code in re.findall(r"(\d) [a-z]", ask(verify, "--help"))
       if f"*{code}*" not in section(own, "EXIT STATUS")])

daemon_page = page("evidentd.8")
claim("evidentd's options are in its synopsis",
      [option for option in options(ask(evidentd, "--help"))
       if f"*{option}*" not in section(daemon_page, "SYNOPSIS")])
roles = re.findall(r'^    \{"(\w+)", \w+_main\}', read("daemon", "main.c"), re.M)
claim("each process is explained",
      [role for role in roles if f"*{role}*" not in section(daemon_page, "PROCESSES")]
      or ([] if len(roles) == 4 else roles))
signals = re.findall(r"sigaddset\(&set, (SIG\w+)\)", read("daemon", "supervise.c"))
claim("each signal that stops it is explained",
      [name for name in signals if name != "SIGCHLD"
       and f"*{name}*" not in section(daemon_page, "SIGNALS")]
      or ([] if signals else ["none found"]))


def log_texts():
    """What it may log of what went wrong; and who of whom."""
    for _, text in sources("daemon", *("daemon/" + room for room in roles + ["base"])):
        calls = re.findall(r"\blog_(?:event|number)\(\s*LOG_LEVEL_(?:WARNING|ERROR),(.*?)\);",
                           text, re.S)
        tables = re.findall(r"texts\[\][^=;]*= \{(.*?)\};", text, re.S)
        for words in calls + [word for table in tables for word in re.split(r",\s", table)]:
            said = "".join(re.findall(r'"([^"]*)"', words))
            yield re.sub(f"^({'|'.join(roles)}) ended", "ended", said)


texts = {said for said in log_texts() if said}
log_section = " ".join(section(daemon_page, "LOG").split())
claim("each line of the log that tells of a fault is explained",
      sorted(said for said in texts if said not in log_section)
      or ([] if len(texts) > 40 else sorted(texts)))

config_page = page("evident.conf.5")
schema = re.findall(r'CFG_(?:INT|STR|BOOL)\("([a-z-]+)", ("?\w+"?)', read("daemon", "base", "config.c"))
claim("each option of the configuration is explained, with its default",
      [name for name, default in schema
       if f"*{name}* = {default.strip(chr(34))}\n\t" not in section(config_page, "OPTIONS")]
      or ([] if len(schema) >= 5 else schema))
claim("no option is explained that is not there",
      [name for name in re.findall(r"^\*([a-z-]+)\* = ", config_page, re.M)
       if name not in dict(schema)])

scdoc = subprocess.run(["which", "scdoc"], capture_output=True, text=True).stdout.strip()
names = sorted(os.listdir(os.path.join(source, "packaging", "man")))
if scdoc:
    wrong = []
    for name in names:
        with open(os.path.join(source, "packaging", "man", name), "rb") as file:
            made = subprocess.run([scdoc], stdin=file, capture_output=True, text=True)
        if made.returncode or not made.stdout:
            wrong.append(f"{name}: {made.stderr.strip()}")
    claim("all pages are good scdoc", wrong)
print(f"1..{count}")
sys.exit(1 if failed else 0)
