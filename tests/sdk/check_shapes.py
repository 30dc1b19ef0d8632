#!/usr/bin/env python3
"""Compares one JSON answer with what the vendor's SDK understands.

Prints `unknown` fields, `wrong` JSON types and fields that are `absent`; exits with 1 when
anything is unknown or wrong, and with 2 when there is nothing to compare.
"""
import argparse
import json
import pathlib
import sys

ACCEPTS = {"string": {"string"}, "integer": {"integer"}, "number": {"number", "integer"},
           "boolean": {"boolean"}, "list": {"list"}, "map": {"object"}, "object": {"object"}}
NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "list",
         dict: "object"}


def compare(shape, value, path, report):
    """Files each finding under report[path]. SDKs take null for absence, and so does this."""
    if value is None:
        report.setdefault(path, ("absent", "null"))
        return
    found = NAMES[type(value)]
    if found not in ACCEPTS.get(shape["type"], NAMES.values()):  # "any" accepts everything.
        report[path] = ("wrong", f"{found}, the SDK reads {shape['type']}")
        return
    if report.get(path, ("absent",))[0] == "absent":
        report[path] = ("present", "")
    if shape["type"] == "list":
        for item in value:
            compare(shape["items"], item, path + "[]", report)
        if not value:
            report.setdefault(path + "[]", ("absent", "empty list"))
    elif shape["type"] == "map":
        for item in value.values():
            compare(shape["values"], item, path + "{}", report)
    elif "fields" in shape:
        for name in value.keys() - shape["fields"].keys():
            report[join(path, name)] = ("unknown", NAMES.get(type(value[name]), "null"))
        for name, inner in shape["fields"].items():
            if name in value:
                compare(inner, value[name], join(path, name), report)
            else:
                report.setdefault(join(path, name), ("absent", ""))


def join(path, name):
    return f"{path}.{name}" if path else name


def read(source):
    try:
        raw = sys.stdin.read() if source == "-" else pathlib.Path(source).read_text("utf-8")
        return json.loads(raw)
    except (OSError, ValueError) as error:
        sys.exit(fail(f"cannot read {source}: {error}"))


def fail(message):
    print(message, file=sys.stderr)
    return 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shapes", help="the product's file, for example shapes/mts.json")
    parser.add_argument("operation", help="for example CancelJob")
    parser.add_argument("answer", nargs="?", default="-", help="a JSON file; default: stdin")
    args = parser.parse_args()

    shapes = read(args.shapes)
    operation = shapes["operations"].get(args.operation)
    if operation is None:
        named = "only named" if args.operation in shapes["names_only"] else "unknown"
        return fail(f"{args.operation} is {named} in {args.shapes}")

    report = {}
    compare(operation["response"], read(args.answer), "", report)
    for verdict in ("unknown", "wrong", "absent"):
        for path, (found, detail) in sorted(report.items()):
            if found == verdict:
                print(f"{verdict:8}{path or '(answer)'}" + (f"  ({detail})" if detail else ""))
    return int(any(found in ("unknown", "wrong") for found, _ in report.values()))


if __name__ == "__main__":
    sys.exit(main())
