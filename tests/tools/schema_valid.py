#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""schema_valid.py SCHEMA [lines] < JSON: is standard input one document (or one a line) of that schema?"""
import json, sys
import jsonschema

schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
text = sys.stdin.read()
documents = [json.loads(line) for line in text.splitlines()] if sys.argv[2:] == ["lines"] else [json.loads(text)]
assert documents, "nothing was printed"
for document in documents:
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error:
        sys.exit("%s: %s" % ("/".join(map(str, error.absolute_path)) or "the document", error.message[:300]))
