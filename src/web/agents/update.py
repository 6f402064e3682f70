#!/usr/bin/env python3
"""Brings list.json, samples.txt and LICENSE up to a release of crawler-user-agents (MIT).

    python3 src/web/agents/update.py [VERSION]        needs pip; without VERSION, the newest release

The list is other people's, and kept up by them. Decided here, each with its reason: which tags and
patterns are left out, what is added, and what counts inside a browser's agent. The run fails when
a person of people.txt would be taken for a robot, or a previewer of previews.txt for a person.
"""

import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent
PACKAGE = "crawler-user-agents"

# Programs that do what a person told them: scripts, tests, integrations. Their click is a click.
TAGS_LEFT_OUT = {"http-library", "browser-automation"}
PATTERNS_LEFT_OUT = {
    r"AP3A\.240617\.008": "a build of Android 15, found on millions of phones",
    r"MetaIAB Facebook": "Facebook's own in-app browser, held by a person",
    r"Zapier": "an integration: runs what its owner built",
    r"Make\/": "an integration",
    r"Integromat\/": "an integration",
    r"IFTTT\/": "an integration",
    r"Retool\/": "an integration",
    r"Google-Apps-Script": "an integration",
    r"SFDC-Callout\/": "an integration",
    r"Indy Library": "an HTTP library, whatever its tag says",
}

PATTERNS_ADDED = {
    r"Bluesky Cardyb\/": "makes Bluesky's link cards; the list does not know it yet",
}

# Phones, apps and browsers have names that are also names of robots (`Sonic`, `Fever`, `Viber`,
# `Tumblr/`), so a pattern counts inside a browser's agent only if it says what it is ...
SAYS_ROBOT = re.compile(
    r"bot|crawl|spider|slurp|preview|fetch|monitor|scan|check|uptime|archiv|unfurl|index|validat"
    r"|verif|synthetic|externalhit|proxy|scrap|lighthouse|finder|watcher",
    re.IGNORECASE,
)
# ... or is one of these: they send a browser's agent with only their name added, and no phone, app
# or browser is called that.
UNMISTAKABLE = {
    r"(^| )PTST\/", r"Collapsify", r"Criticalcss\.com", r"DareBoost", r"Datanyze", r"Foregenix",
    r"GTmetrix", r"Google Favicon", r"Google-Ads-Conversions", r"Google-PhysicalWeb", r"Hardenize",
    r"Hotjar", r"Keydrop\.io", r"LinkTiger", r"MarketGoo\/", r"Miniature\.io\/", r"Nikto",
    r"Nitro-", r"OpenVAS", r"PS_Daily\/", r"PWABuilderHttpAgent", r"PlayStore-Google",
    r"PrintFriendly\.com", r"Rigor\)", r"Scope3", r"SecurityHeaders", r"Silktide", r"Sindup",
    r"Sucuri", r"TSM-turingos", r"ThousandEyes", r"YLT Chrome", r"[aA]cunetix", r"[pP]ingdom",
    r"abuse\.xmco\.fr", r"adbeat\.com", r"ips-agent", r"nbertaupete95", r"outbrain", r"watchTowr",
    r"zgrab",
}  # fmt: skip


def is_browser(agent):
    """Looks like a browser's agent. Robots that dress so add an address or `compatible`; the same
    rule stands in agents.rs."""
    dressed = any(mark in agent for mark in ("compatible", "http", "www.", "@"))
    return ("Mozilla/" in agent or "Opera/" in agent) and not dressed


def download(version, folder):
    wanted = PACKAGE if version is None else f"{PACKAGE}=={version}"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run([*pip, "--only-binary", ":all:", wanted], check=True)
    (wheel,) = pathlib.Path(folder).glob("*.whl")
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
        read = lambda end: files.read(next(n for n in names if n.endswith(end))).decode()
        entries = json.loads(read("/crawler-user-agents.json"))
        return wheel.name.split("-")[1], entries, read("/LICENSE")


def spellings(pattern):
    """The plain texts that a pattern such as `[cC]laude[bB]ot` or `a|b` stands for; None where it
    is more than that."""
    found = []
    for branch in [pattern] if "(" in pattern else pattern.split("|"):
        parts = re.split(r"(\[\w+\]|\(\w+(?:\|\w+)+\))", branch)
        choices = []
        for part in parts:
            if part.startswith("["):
                choices.append(list(part[1:-1]))
            elif part.startswith("(") and part.endswith(")"):
                choices.append(part[1:-1].split("|"))
            elif re.search(r"(?<!\\)[.*+?()\[\]{}|^$]|\\\w", part):
                return None
            else:
                choices.append([re.sub(r"\\(.)", r"\1", part)])
        found += ["".join(texts) for texts in itertools.product(*choices)]
    return found


def words(patterns):
    """Patterns as plain texts and, for the few that need it, regular expressions."""
    texts, expressions = set(), set()
    for pattern in patterns:
        plain = spellings(pattern)
        if plain is None:
            expressions.add(pattern)
        else:
            texts.update(plain)
    return {"texts": sorted(texts), "expressions": sorted(expressions)}


def table(name):
    lines = (HERE / name).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def main():
    with tempfile.TemporaryDirectory() as folder:
        version, entries, licence = download(sys.argv[1] if len(sys.argv) > 1 else None, folder)

    known = {entry["pattern"] for entry in entries}
    for gone in (PATTERNS_LEFT_OUT.keys() | UNMISTAKABLE) - known:
        print(f"note: {gone} is no longer in the list; take it out of this script")
    for found in PATTERNS_ADDED.keys() & known:
        print(f"note: {found} is in the list now; take it out of this script")

    kept = [
        entry
        for entry in entries
        if not TAGS_LEFT_OUT & set(entry["tags"]) and entry["pattern"] not in PATTERNS_LEFT_OUT
    ]
    anywhere, outside_browsers = [], []
    for pattern in [entry["pattern"] for entry in kept] + list(PATTERNS_ADDED):
        says = any(SAYS_ROBOT.search(text) for text in spellings(pattern) or [pattern])
        counts = says or pattern in UNMISTAKABLE
        (anywhere if counts else outside_browsers).append(pattern)

    def hits(agent):
        patterns = anywhere if is_browser(agent) else anywhere + outside_browsers
        return [pattern for pattern in patterns if re.search(pattern, agent)]

    wrong = [f"{person}: hit by {hits(person)}" for person in table("people.txt") if hits(person)]
    wrong += [f"{robot}: not recognised" for robot in table("previews.txt") if not hits(robot)]
    if wrong:
        sys.exit("\n".join(wrong))

    samples = []
    for entry in kept:
        seen = [agent.strip() for agent in entry["instances"]]
        samples += [agent for agent in seen if hits(agent) and not agent.startswith("#")][:1]
        for agent in seen:
            if not hits(agent):
                print(f"note: a person to us, by {entry['pattern']}: {agent}")

    made = {
        "source": f"{PACKAGE} {version}, reduced by update.py; MIT, see LICENSE",
        "anywhere": words(anywhere),
        "outside_browsers": words(outside_browsers),
    }
    (HERE / "list.json").write_text(json.dumps(made, indent=1) + "\n")
    (HERE / "samples.txt").write_text("".join(f"{agent}\n" for agent in dict.fromkeys(samples)))
    (HERE / "LICENSE").write_text(licence)
    print(f"{PACKAGE} {version}: {len(kept)} of {len(entries)} patterns, {len(samples)} samples")


if __name__ == "__main__":
    main()
