#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""schema_valid.py SCHEMA [lines] < JSON: is standard input one document (or one a line) of that schema?
schema_valid.py --serve: answers each line "SCHEMA one|lines FILE" with one, "valid" or what is wrong with FILE."""
import functools, json, sys
import jsonschema


@functools.cache
def validator_of(path):
    schema = json.load(open(path, encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def wrong(path, text, by_lines):
    documents = [json.loads(line) for line in text.splitlines()] if by_lines else [json.loads(text)]
    if not documents:
        return "nothing was printed"
    for document in documents:
        error = jsonschema.exceptions.best_match(validator_of(path).iter_errors(document))
        if error:
            return "%s: %s" % ("/".join(map(str, error.absolute_path)) or "the document", error.message[:300])
    return None


if sys.argv[1:] != ["--serve"]:
    sys.exit(wrong(sys.argv[1], sys.stdin.read(), sys.argv[2:] == ["lines"]))
for line in sys.stdin:
    schema_path, how, document_path = line.split()
    try:
        answer = wrong(schema_path, open(document_path, encoding="utf-8").read(), how == "lines") or "valid"
    except (ValueError, OSError) as error:
        answer = repr(error)
    print(answer.replace("\n", " "), flush=True)
