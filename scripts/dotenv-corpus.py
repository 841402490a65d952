"""Generates files of the form `.env`, lets python-dotenv load each, and prints what came of it, a line of JSON for each.

The files are put together at random, always the same ones, from what people write, and from what makes the grammar
stumble. `sets` is what load_dotenv() adds to the environment `env`; `unreadable` are the lines at which statements
begin that it passes over.
"""

import io
import json
import logging
import os
import random
import tempfile
from importlib.metadata import version

from dotenv import load_dotenv
from dotenv.parser import parse_stream

COUNT = 4000
NAMES = ["A", "B", "LONG_NAME", "x", "_1", "DATABASE_URL", "ИМЯ", "a-b", "a.b", "1x", "exported", "export", "'A B'", "'A'"]
WORDS = [
    "a", "plain", "with spaces", "слово", "👋", "it's", 'say "hi"', "a#b", " # comment", "#", "\t#x", "\u00a0#x", "$", "$$", "$A",
    "${A}", "${B}", "${A:-d}", "${NONE}", "${NONE:-}", "${NONE:-de fault}", "${NONE:-${A}}", "${A", "${A:b}", "${}", "${:-x}", "$${B}",
    "${SET}", "${SET:-d}", "\\", "\\\\", "\\n", "\\t", "\\a\\b\\f\\r\\v", "\\x41", "\\u0041", "\\$", "\\#", "\\'", '\\"', "'", '"', "=",
    "a=b", ";", "`ls`", "$(ls)", "\u3000", "\u2028", "\x0b", "\x0c", "\x1c", "\x85", "postgresql+asyncpg://u:p$w@h:5432/d?ssl=require", "{}", ":",
]
SPACES = ["", "", "", "", " ", "  ", "\t", "\u00a0", " \t ", "\x1f"]
ENDS = ["\n"] * 12 + ["\r\n"] * 3 + ["\r", "\n\n", "\n \n", ""]


def value(chance):
    return "".join(chance.choice(WORDS) for _ in range(chance.choice([0, 1, 1, 1, 2, 2, 3, 4])))


def quoted(chance, quote):
    body = value(chance)
    if chance.random() < 0.85:
        body = body.replace(quote, "\\" + quote)
    if chance.random() < 0.2:
        body = chance.choice(["\n", "\r\n", "\n\n"]).join([body, value(chance)])
    close = quote if chance.random() < 0.98 else ""
    return quote + body + close


def statement(chance):
    kind = chance.random()
    if kind < 0.06:
        return chance.choice(SPACES) + "#" + value(chance)
    if kind < 0.07:
        return value(chance)
    text = chance.choice(SPACES)
    if chance.random() < 0.15:
        text += chance.choice(["export ", "export\t", "export  ", "export", "export\n", "EXPORT "])
    text += chance.choice(NAMES)
    if chance.random() < 0.08:
        return text + chance.choice(["", "", " ", " # comment", "#", " junk"])
    text += chance.choice(SPACES) + "=" + chance.choice(SPACES)
    form = chance.random()
    if form < 0.45:
        return text + value(chance)
    text += quoted(chance, '"' if form < 0.75 else "'")
    return text + chance.choice(["", "", "", "", " ", " # comment", "#x", " # it's", "\t# 'x'"])


def file(chance):
    text = "\ufeff" if chance.random() < 0.04 else ""
    for _ in range(chance.choice([1, 1, 2, 2, 3, 4, 6])):
        text += statement(chance) + chance.choice(ENDS)
    return text


def loaded(path, env):
    """What load_dotenv() adds to an environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        load_dotenv(path)
        return {name: value for name, value in os.environ.items() if name not in env}
    finally:
        os.environ.clear()
        os.environ.update(before)


def unreadable(path):
    """Where the statements begin, without the empty lines before them, that are passed over."""
    with open(path, encoding="utf-8") as opened:
        text = opened.read()
    lines = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            original = binding.original.string.removeprefix("\ufeff")
            blank = original[: len(original) - len(original.lstrip())]
            lines.append(binding.original.line + blank.count("\n"))
    return lines


def main():
    logging.disable()
    chance = random.Random("python-dotenv")
    print(json.dumps({"made by": f"scripts/dotenv-corpus with python-dotenv {version('python-dotenv')}"}))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, ".env")
        for _ in range(COUNT):
            sample = {"text": file(chance)}
            with open(path, "w", encoding="utf-8", newline="") as opened:
                opened.write(sample["text"])
            if chance.random() < 0.3:
                sample["env"] = {"SET": chance.choice(["set", "", "s $A"])}
                if chance.random() < 0.5:
                    sample["env"][chance.choice(["A", "B", "DATABASE_URL"])] = "of the environment"
            sample["sets"] = loaded(path, sample.get("env", {}))
            if lines := unreadable(path):
                sample["unreadable"] = lines
            print(json.dumps(sample, ensure_ascii=True, sort_keys=True))


main()
