#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What is made out of the fault table agrees with it and with the loader: schema, completion, manual.
. "$(dirname "$0")/../lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
check "make gen" make -s -C "$TOP" BUILD="$BUILD" gen
GEN=$BUILD/gen

# --- schema: valid FILE; each change makes it invalid, as it does for the loader ---
cat >"$T/valid.py" <<'END'
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
jsonschema.Draft7Validator(schema).validate(yaml.safe_load(open(sys.argv[2])))
END
# The system's python, which has Debian's packages.
valid() { /usr/bin/python3 "$T/valid.py" "$GEN/schema.json" "$1"; }
for f in "$TOP"/experiments/*.yaml; do
	grep -q '^experiments:' "$f" || continue
	check "the schema takes $(basename "$f")" valid "$f"
done
cat >"$T/ok.yaml" <<'END'
suite: {baseline: 1s, probe: {url: 'http://127.0.0.1:1/', interval: 1s}}
experiments:
  - name: one
    hypothesis: success_rate >= 50%
    fault_type: latency
    params: {delay: 500ms, jitter: 5ms, distribution: normal, max-hits: 3}
    blast_radius: {target: 'netns:a', traffic: 0% (synthetic), duration: 4s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: a}
END
check "the schema takes a plain one" valid "$T/ok.yaml"
check "... and so does the loader" "$FL" check "$T/ok.yaml"
n=0
while IFS='|' read -r what change; do
	sed "$change" "$T/ok.yaml" >"$T/bad.yaml"
	"$FL" check "$T/bad.yaml" >/dev/null 2>&1; loader=$?
	valid "$T/bad.yaml" >/dev/null 2>&1; schema=$?
	if ! cmp -s "$T/ok.yaml" "$T/bad.yaml" && [ $loader = 2 ] && [ $schema != 0 ]; then ok "both refuse $what"; else
		not_ok "both refuse $what (loader $loader, schema $schema)"
	fi
	n=$((n + 1))
done <<'END'
an unknown kind|s/: latency/: latensy/
an unknown parameter|s/jitter/jiter/
a parameter of another kind|s/jitter: 5ms/nth: 5/
a word that is no choice|s/normal/nrmal/
a number out of bounds|s/max-hits: 3/max-hits: -3/
an unknown key|s/hypothesis:/hypotesis:/
a missing one|/rollback:/d
an unknown key of the suite|s/baseline/base_line/
a duration without a unit|s/interval: 1s/interval: 1/
no experiments|/experiments:/,$d
END
same "all of them were tried" $n 10
sed 's/: latency/: delay/' "$T/ok.yaml" >"$T/alias.yaml"
check "an alias is known, with its parameters" valid "$T/alias.yaml"

# --- completion ---
# complete WORD...: what bash would offer for the last one.
complete_words() {
	PATH=$BUILD:$PATH bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faultline; printf "%s " "${COMPREPLY[@]}"' sh "$GEN/faultline.bash" faultline "$@"
}
check "completion is bash" bash -n "$GEN/faultline.bash"
same "commands" "$(complete_words rec)" "recover "
same "kinds" "$(complete_words inject late)" "latency "
same "options of the kind" "$(complete_words inject latency x --jit)" "--jitter "
same "and no others" "$(complete_words inject latency x --hits)" " "
same "words of an option" "$(complete_words inject latency x --distribution pareton)" "paretonormal "
same "every kind has its options" "$(for k in $("$FL" inject --help | sed -n '/^Kinds:/,$p' | awk 'NR > 1 {print $1}'); do complete_words inject "$k" x --det; done | xargs | tr ' ' '\n' | sort -u)" "--detach"

# --- the manual page ---
check "make man" make -s -C "$TOP" BUILD="$BUILD" man
for k in $("$FL" inject --help | sed -n '/^Kinds:/,$p' | awk 'NR > 1 {print $1}'); do
	grep -A1 '^\.SS$' "$GEN/faultline.8" | grep -qx "$k" || missing="${missing:-} $k"
done
same "the manual has every kind" "${missing:-}" ""
check "... and its sections" sh -c "grep -qx NAME '$GEN/faultline.8' && grep -qi 'exit status' '$GEN/faultline.8'"
