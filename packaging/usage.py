"""What --help says, taken apart. In a usage line words in small letters are
subcommands, those in capitals stand for values, and "|" parts alternatives;
a "|" without spaces parts what one value may be (ADDRESS|none, yes|no):

    partner add CARD [--mirror] | compare PARTNER [NUMBER] | list

It is what completions are made from and what man pages are held against.
"""
import re
import subprocess


def ask(program, *words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout


def commands(program):
    """{name: (summary, usage without the program's name)}, in the table's order."""
    found = re.findall(r"^  (\S+) +(.+)\n +evident (.+)$", ask(program, "--help"), re.M)
    return {name: (summary, usage) for name, summary, usage in found}


def common(program):
    """The usage of the options that stand before a command."""
    line = re.match(r"usage: \S+ (.*)", ask(program, "--help")).group(1)
    return line.replace(" COMMAND ...", "") + " [--help] [--version]"


def options(usage):
    """{option: what its value is called, or None}."""
    return {option: value or None
            for option, value in re.findall(r"(--[a-z-]+)(?: ([A-Z][^\] ]*))?", usage)}


def subcommands(usage):
    """{subcommand: what it is followed by, or None}."""
    name = usage.split(" ")[0]
    return {word: value or None
            for word, value in re.findall(r"(?<![-.|A-Za-z])([a-z-]+)(?![a-z|-])(?: ([A-Z][^\] ]*))?", usage)
            if word != name and not word.startswith("-")}


def positional(usage):
    """What stands directly behind the command, or None."""
    found = re.match(r"\S+ \[?([A-Z][^\] ]*)", usage)
    return found.group(1) if found else None
