#!/usr/bin/env python3
"""Does a release foretell a change of an image that is behind it?

    bench/release_lift.py --history DIR --releases FILE

Joins release dates (endoflife.date's release data: {product: {versions: {v: {date}}}}) to the image
references in configuration histories, as of each day: for every reference "product:version" the days
since a newer version of the product came out that it does not have. Prints how often the reference
changed within 1 and 7 days, by that age, beside those that had nothing newer in a month, and the same
with the dates of release shifted by half a year, which must show nothing.
"""
import argparse
import bisect
import collections
import glob
import gzip
import json
import os
import re
import sys
from datetime import datetime, timezone

DAY = 86400
ALIASES = {"postgres": "postgresql", "node": "nodejs", "golang": "go", "mongo": "mongodb"}
IMAGE = re.compile(r"^(?:[\w.-]+(?::\d+)?/)*([\w.-]+):v?(\d+(?:\.\d+)+)")
AGES = [("0 to 1 day", 0, 1), ("1 to 3 days", 1, 3), ("3 to 7 days", 3, 7), ("7 to 30 days", 7, 30)]


def version_of(text):
    return tuple(int(part) for part in text.split("."))


def releases_of(path):
    opened = gzip.open if path.endswith(".gz") else open
    found = {}
    for product, data in json.load(opened(path, "rt")).items():
        dated = []
        for name, entry in data["versions"].items():
            if re.fullmatch(r"v?\d+(\.\d+)+", name):
                day = datetime.fromisoformat(entry["date"]).replace(tzinfo=timezone.utc)
                dated.append((day.timestamp(), version_of(name.lstrip("v"))))
        found[product] = sorted(dated)
    return found


def product_of(value, releases):
    match = IMAGE.match(value)
    if not match:
        return None
    name = ALIASES.get(match.group(1).lower(), match.group(1).lower())
    return (name, version_of(match.group(2))) if name in releases else None


def spells_of(table, releases):
    """(product, version, from, to, changed) for each time that a reference stood as it was."""
    now = {}
    spells = []
    last = 0
    for line in gzip.open(table, "rt"):
        row = line.rstrip("\n").split("\t")
        if row[0] == "ts":
            names = {name: at for at, name in enumerate(row)}
            continue
        last = int(row[names["ts"]])
        key = (row[names["resource"]], row[names["path"]])
        mass = row[names["mass"]] == "1"
        if row[names["op"]] == "delete":
            for other in [one for one in now if one[0] == key[0]]:
                product, version, since = now.pop(other)
                spells.append((product, version, since, last, False))
            continue
        if key in now:
            product, version, since = now.pop(key)
            spells.append((product, version, since, last, not mass and row[names["op"]] == "change"))
        placed = product_of(row[names["new"]], releases)
        if placed:
            now[key] = (*placed, last)
    spells += [(product, version, since, last, False) for product, version, since in now.values()]
    return spells


def count(spells, releases, shift):
    """By age of the newest release that is missing: [rows, changed in 1 day, changed in 7 days]."""
    table = collections.defaultdict(lambda: [0, 0, 0])
    for product, version, since, until, changed in spells:
        newer = [date + shift for date, other in releases[product]
                 if len(other) == len(version) and other > version and other[0] == version[0]]
        for cutoff in range((since // DAY + 1) * DAY, until, DAY):
            if cutoff + 7 * DAY > until and not changed:
                break  # nobody knows what came of it
            at = bisect.bisect_right(newer, cutoff)
            age = (cutoff - newer[at - 1]) / DAY if at else 1e9
            name = next((name for name, least, most in AGES if least <= age < most), "longer or none")
            row = table[name]
            row[0] += 1
            row[1] += changed and until <= cutoff + DAY
            row[2] += changed and until <= cutoff + 7 * DAY
    return table


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--history", required=True)
    parser.add_argument("--releases", required=True)
    arguments = parser.parse_args()
    for needed in (arguments.history, arguments.releases):
        if not os.path.exists(needed):
            sys.exit(f"{needed} is missing: this needs recorded histories and release data")
    releases = releases_of(arguments.releases)
    spells, stacks, products = [], set(), collections.Counter()
    for table in sorted(glob.glob(os.path.join(arguments.history, "*.tsv.gz"))):
        if table.endswith(".init.tsv.gz"):
            continue
        mine = spells_of(table, releases)
        spells += mine
        if mine:
            stacks.add(os.path.basename(table))
        products.update(product for product, *_ in mine)
    print(f"{len(spells)} spells of references on {len(stacks)} stacks; "
          + ", ".join(f"{name} {n}" for name, n in products.most_common(8)))
    for title, shift in (("as of each day", 0), ("releases shifted by half a year", 182 * DAY)):
        print(title)
        table = count(spells, releases, shift)
        for name in [name for name, _, _ in AGES] + ["longer or none"]:
            rows, day, week = table[name]
            if rows:
                print(f"  {name:16} {rows:8} rows  {100 * day / rows:6.2f} % in 1 day  {100 * week / rows:6.2f} % in 7 days")


main()
