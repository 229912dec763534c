"""make.py bash|zsh|fish TEMPLATE PROGRAM: print completions of PROGRAM, made of
what its --help says. The words that may stand at each place come from usage;
how a shell offers them is in its template."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
from usage import commands, common, options, positional, subcommands  # noqa: E402

shell, template, program = sys.argv[1:]
name = os.path.basename(program)
function = "_" + name.replace("-", "_")
table = commands(program)
shared = options(common(program))
# A program without commands is one command, which need not be typed.
alone = not table
if alone:
    table = {name: ("", name + " " + common(program))}
    shared = {}


def kind(value):
    """What to offer for a value of that name."""
    for start, offered in {"DIR|FILE": "files", "FILE": "files", "CARD": "files", "DIR": "dirs",
                           "PARTNER": "partners", "ID": "records"}.items():
        if value and value.startswith(start):
            return offered
    return None


def case(pattern, *calls):
    return f"\t{pattern}) " + "".join(call + "; " for call in calls if call) + ";;"


def offer(value):
    return function + "_" + kind(value) if kind(value) else None


def words(words):
    return f"{function}_words '{' '.join(words)}'" if words else None


def cases():
    """The cases of "COMMAND PREVIOUS-WORD", for shells that have `case`."""
    for option, value in shared.items():
        if value:
            yield case(f"*' {option}'", offer(value))
    for command, (_, usage) in table.items():
        for word, value in {**options(usage), **subcommands(usage)}.items():
            if value:
                yield case(f"'{command} {word}'", offer(value))
        if subcommands(usage):
            yield case(f"'{command} {command}'", words([*subcommands(usage), *options(usage)]))
    for command, (_, usage) in table.items():
        yield case(f"'{command} '*", words(options(usage)), offer(positional(usage)))


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


def fish():
    def line(when, *rest):
        return " ".join([f"complete -c {name}", *(["-n", quoted(when)] if when else []), *rest])

    def value(of):
        if not of:
            return []
        if kind(of) == "files":
            return ["-r", "-F"]
        return ["-x", *(["-a", f"'({function}_{kind(of)})'"] if kind(of) else [])]

    yield line(None, "-f")
    for option, of in shared.items():
        yield line(None, "-l", option[2:], *value(of))
    for command, (summary, usage) in table.items():
        at = None if alone else f"{function}_command {command}"
        if not alone:
            yield line(f"{function}_command", "-a", command, "-d", quoted(summary))
        for option, of in options(usage).items():
            yield line(at, "-l", option[2:], *value(of))
        if subcommands(usage):
            yield line(f"{function}_behind {command}", "-a", quoted(" ".join(subcommands(usage))))
        for word, of in subcommands(usage).items():
            if kind(of):
                yield line(f"{function}_behind {command} {word}", *value(of)[1:])
        if kind(positional(usage)):
            yield line(at, *value(positional(usage))[1:])


described = [quoted(f"{command}:{summary}") for command, (summary, _) in table.items()]
with open(template) as file:
    text = file.read()
for place, made in {
    "@function@": function,
    "@program@": name,
    "@command@": name if alone else "",
    "@commands@": " ".join(table),
    "@described@": " ".join(described),
    "@shared@": " ".join(shared),
    "@valued@": "|".join(option for option, value in shared.items() if value) or "--",
    "@cases@": "\n".join(cases()),
    "@lines@": "\n".join(fish()),
}.items():
    text = text.replace(place, made)
print(text, end="")
