#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# faultline import: files after the public examples of three tools become suites that check accepts; what
# is lost is named field by field; files that are none of it are refused.
. "$(dirname "$0")/../lib.sh"
G=$TOP/tests/golden/import
cd "$G" || exit 1

# golden FORMAT FILE: the output is FILE.out to the byte; every loss in it is on stderr; check takes it.
golden() {
	local losses
	"$FL" import "$1" "$2" >"$T/out" 2>"$T/err"
	check_num "$2: exit status" $? eq 0
	check "$2: the golden output" diff "$G/$2.out" "$T/out"
	losses=$(grep -c '^#     ' "$T/out")
	check_num "$2: losses on standard error" "$(grep -vc 'file names them too$' "$T/err")" eq "$losses"
	"$FL" check "$T/out" >"$T/checked"
	check_num "$2: check accepts it" $? eq 0
	"$FL" import "$1" "$2" --strict >/dev/null 2>&1
	check_num "$2: --strict with $losses losses" $? eq $((losses > 0))
}
golden chaos-mesh chaos-mesh-network.yaml
golden chaos-mesh chaos-mesh-others.yaml
golden chaos-mesh chaos-mesh-plain.yaml
golden chaostoolkit chaostoolkit.json
golden chaostoolkit chaostoolkit.yaml
golden pumba pumba.sh

# Every leaf of the source is either in the result or named: change one value after the other to a mark and
# look for it in what comes out (the path of a subtree stands for all below it).
cat >"$T/leaves.py" <<'END'
import copy, subprocess, sys, yaml
fl, source = sys.argv[1:]
docs = [d for d in yaml.safe_load_all(open(source)) if d and d.get("kind") in (
    "NetworkChaos", "StressChaos", "HTTPChaos", "DNSChaos", "TimeChaos", "PodChaos", "IOChaos")
    and d["metadata"]["name"] != "io-delay-example"]  # its action is lost, and the rest with it
def leaves(v, path=()):
    if isinstance(v, dict):
        for k in v: yield from leaves(v[k], path + (k,))
    elif isinstance(v, list):
        for i in range(len(v)): yield from leaves(v[i], path + (i,))
    else: yield path
def run(doc):
    p = subprocess.run([fl, "import", "chaos-mesh", "-"], input=yaml.safe_dump(doc), capture_output=True, text=True)
    return p.stdout + p.stderr
def named(path, whole):
    at = "spec"
    for k in path:
        at += f"[{k}]" if isinstance(k, int) else f".{k}"
        if f" {at}:" in whole or f" {at} (" in whole: return True
    return False
# They mean nothing: a correlation without jitter; how many share a size.
nothing = [("delay", ("delay", "correlation")), ("memory-and-cpu", ("stressors", "memory", "workers"))]
silent, n = [], 0
for doc in docs:
    whole = run(doc)
    for path in leaves(doc["spec"]):
        if (doc["metadata"]["name"], path) in nothing: continue
        d = copy.deepcopy(doc); at = d["spec"]
        for k in path[:-1]: at = at[k]
        at[path[-1]] = "zq17"
        n += 1
        if run(d) == whole and not named(path, whole):
            silent.append((doc["metadata"]["name"], path))
print(n, silent)
sys.exit(bool(silent) or n < 40)
END
check "no field of Chaos Mesh is dropped in silence" bash -c 'for f in chaos-mesh-network chaos-mesh-others; do /usr/bin/python3 "$1" "$2" $f.yaml || exit 1; done' _ "$T/leaves.py" "$FL"

"$FL" import pumba -- netem --duration 30s delay --time 200 payment-svc >"$T/words" 2>"$T/err"
check_num "a pumba command line behind --" $? eq 0
check "... is a latency on its container" "$FL" check "$T/words"
check "... with pumba's defaults" grep -q 'params: { delay: 200ms, jitter: 10ms, correlation: 20% }' "$T/words"
"$FL" import pumba -- kill 're2:^web' --target web >/dev/null 2>"$T/err"
check "a pattern is no target, and said so" grep -q 're2:^web.*no single service' "$T/err"
"$FL" import --target web pumba -- kill 're2:^web' >"$T/words" 2>"$T/err"
check "--target helps out" grep -q 'target: 1 instance of web$' "$T/words"
"$FL" import chaos-mesh chaos-mesh-plain.yaml --out "$T/file" && check "--out" cmp "$T/file" chaos-mesh-plain.yaml.out

# refused NAME FORMAT FILE WORD: exit 2 within 2 s, with a message that says WORD, and no output.
refused() {
	local t0=$(date +%s%N) rc ms
	timeout 10 "$FL" import "$2" "$3" >"$T/out" 2>"$T/err"
	rc=$?
	ms=$((($(date +%s%N) - t0) / 1000000))
	if [ $rc = 2 ] && grep -qi -- "$4" "$T/err" && [ ! -s "$T/out" ] && [ $ms -lt 2000 ]; then ok "refused: $1"; else
		not_ok "refused: $1 ($rc, $ms ms): $(tail -n 2 "$T/err" | tr '\n' ' ')"
	fi
}
printf 'apiVersion: chaos-mesh.org/v1alpha1\nkind: AWSChaos\nmetadata: {name: x}\nspec: {}\n' >"$T/kind"
refused "a kind that is not known" chaos-mesh "$T/kind" 'AWSChaos'
printf 'apiVersion: v1\nkind: Pod\n' >"$T/pod"
refused "an object that is not Chaos Mesh's" chaos-mesh "$T/pod" 'no object of Chaos Mesh'
printf 'a: 1\n---\n- b\n' >"$T/seq"
refused "no object at all" chaos-mesh "$T/seq" 'no Kubernetes object'
printf -- '---\nkind: [\n' >"$T/broken"
refused "broken YAML, with its line" chaos-mesh "$T/broken" 'broken:[23]'
for f in chaos-mesh chaostoolkit pumba; do
	: >"$T/empty"
	refused "$f: an empty file" $f "$T/empty" '.'
	head -c 100000 "$FL" >"$T/binary"
	refused "$f: a binary" $f "$T/binary" 'text'
	head -c 10000000 /dev/zero | tr '\0' '#' >"$T/large"
	refused "$f: 10 MB" $f "$T/large" 'large\|limit'
	echo 'a: &a [*a, *a]' >"$T/cyclic"
	refused "$f: cyclic anchors" $f "$T/cyclic" '.'
	refused "$f: no such file" $f "$T/none" 'none'
done
echo '{"title": "x"}' >"$T/notitle"
refused "no experiment of Chaos Toolkit" chaostoolkit "$T/notitle" 'no title and method'
echo '{"title": "x", "method": [{"type": "action", "name": "n", "provider": {"type": "python", "module": "m", "func": "f"}}]}' >"$T/nothing"
refused "none of its actions is known" chaostoolkit "$T/nothing" 'none of its actions'
echo 'pumba netem --duration 5m delay --tiem 3 x' >"$T/option"
refused "an option that pumba does not have" pumba "$T/option" "option:1.*no option '--tiem'"
echo 'pumba kill "x' >"$T/quote"
refused "an open quote" pumba "$T/quote" 'not closed'
refused "an unknown format" gremlin "$T/option" 'no format'
for ((i = 0; i < 600; i++)); do echo "pumba kill c$i"; done >"$T/many"
refused "600 commands" pumba "$T/many" 'more than 500'
