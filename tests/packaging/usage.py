"""What `evident --help` says of each command, taken apart: the words of a usage
line are options, subcommands, and (in capitals) what stands for a value."""
import re
import subprocess


def ask(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def options(usage):
    return re.findall(r"--[a-z-]+", usage)


def commands(program):
    """{name: (summary, usage without the program's name)}, in the table's order."""
    found = re.findall(r"^  (\S+) +(.+)\n +evident (.+)$", ask(program, "--help"), re.M)
    return {name: (summary, usage) for name, summary, usage in found}


def common(program):
    return options(ask(program, "--help").splitlines()[0]) + ["--help", "--version"]
