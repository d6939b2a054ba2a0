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

# --- what decides who is hit ---------------------------------------------------------------------
# import_of FORMAT: the text on standard input, to $T/made (checked by check) and $T/lost.
import_of() {
	cat >"$T/source"
	"$FL" import "$1" "$T/source" >"$T/made" 2>"$T/lost" && "$FL" check "$T/made" >"$T/checked" 2>&1
}
made() { check "$1" grep -qF -- "$2" "$T/made"; }
unmade() { check "$1" bash -c '! grep -qF -- "$1" "$2"' _ "$2" "$T/made"; }
lost() { check "$1" grep -q -- "$2" "$T/lost"; }

import_of chaostoolkit <<'END'
title: t
method:
  - {type: action, name: a, provider: {type: process, path: docker, arguments: "stop cart"}}
  - {type: action, name: b, provider: {type: process, path: pumba, arguments: "netem -d 2m loss -p 7 stock"}}
  - {type: action, name: c, provider: {type: python, module: chaosk8s.pod.actions, func: terminate_pods, arguments: {name_pattern: "x.*"}}}
END
check_num "Chaos Toolkit: three targets, and check takes it" $? eq 0
made "... the first on its own" "        target: cart"
made "... the second on its own" "        target: stock"
made "... one that cannot be read is not the first one's" "        target: change-me"
made "... all of them in the blast radius" "target: [1 instance of cart, 1 instance of stock, 1 instance of change-me]"
lost "... and named" "method\[2\].*no single service"
import_of chaostoolkit <<'END'
title: t
method:
  - {type: action, name: a, pauses: {after: 9}, provider: {type: process, path: pumba, arguments: "kill w1 w2"}}
END
made "two containers of pumba's" "[1 instance of w1, 1 instance of w2]"
check_num "... which are hit at once, and nothing else is said" "$(wc -l <"$T/lost")" eq 0
import_of chaostoolkit <<'END'
title: t
method:
  - {type: action, name: a, pauses: {after: 9}, provider: {type: process, path: docker, arguments: "pause w1 w2"}}
END
made "two names of one docker command" "[1 instance of w1, 1 instance of w2]"
import_of chaostoolkit <<'END'
title: t
method:
  - {type: action, name: a, pauses: {after: 9}, provider: {type: python, module: chaosk8s.pod.actions, func: terminate_pods, arguments: {label_selector: "team=green-with-a-long-name-of-its-own, component=billing,env=a-rather-long-value-as-well"}}}
END
made "two labels: the one that says which service" "1 instance of billing"
lost "... all of them named" "team=green.*component=billing.*env=a-rather"
check "... in full in the file as well" grep -q "a-rather-long-value-as-well" "$T/made"
import_of chaostoolkit <<'END'
title: t
method:
  - {type: action, name: a, pauses: {after: 9}, provider: {type: python, module: chaosk8s.pod.actions, func: terminate_pods, arguments: {label_selector: "app!=web"}}}
END
made "a label that excludes is no target" "1 instance of change-me"

# A script as a shell reads it.
import_of pumba <<'END'
docker pull ghcr.io/alexei-led/pumba:latest; docker rm -f pumba
while true; do pumba kill w1 >>log 2>&1; done &
if pumba stop w2 2>/dev/null; then echo "it's"; else pumba pause -d 9s w3 | tee x; fi # pumba kill no1
id=$(docker run -dit --name pumba -v/run:/run --network host gaiaadm/pumba netem -d 9s \
	loss -p 4 w4) || { pumba kill w5; }
sudo -E nohup timeout 9 pumba kill 'w6' "w"7 &>/dev/null&
sh -c "pumba kill w8; true"
cat <<EOF >file
pumba kill no2
that's no quote
EOF
echo pumba kill no3
pumba netem -d "$D" loss -p 1 no4
ssh host pumba kill no5
pumba kill "$W"
pumba --dry-run kill no6
pumba --version
pumba netem --frequency 3 no7
echo "open
pumba kill "re2:^w9$"
END
check_num "a script: check takes what came of it" $? eq 0
for i in 1 2 3 4 5 6 7 8 9; do made "... w$i is a target" "1 instance of w$i"; done
for i in 1 2 3 4 5 6 7; do unmade "... no$i is none" "1 instance of no$i"; done
check_num "... and nothing else" "$(grep -c 'target: 1 instance of' "$T/made")" eq 10
lost "... a value of the shell's" 'line 13.*\$D'
lost "... what runs it" "line 14.*'ssh'"
lost "... a target of the shell's" '(\$W): no single service'
lost "... a dry run" "line 16.*dry-run.*no experiment"
lost "... an option that there is not" "line 18.*no option '--frequency'"
lost "... an open quote" 'line 19.*not closed'
check_num "... and nothing else is lost" "$(grep -c 'line ' "$T/lost")" eq 5

import_of pumba <<'END'
IMAGE=gaiaadm/pumba:0.10 FOR=9s; WHO='w1'
docker run --rm "$IMAGE" netem -d $FOR loss -p 3 ${WHO}
TWICE=no1; TWICE=no2
pumba kill $TWICE
for EACH in no3; do pumba kill $EACH; done
MANY="no4 no5"; pumba kill $MANY
docker run --rm $PUMBA_IMAGE kill no6
docker run --rm $OTHER netem -d 9s loss no7
sh -c "pumba kill $WHERE-no8; pumba kill w2"
END
made "a variable that has one value" "1 instance of w1"
lost "... is said" 'line 2: WHO (w1)'
for i in 1 2 3 4 5 6 7 8; do unmade "... not where it is not known ($i)" "1 instance of no$i"; done
made "... beside it" "1 instance of w2"
lost "an image that is not known" 'line 7.*not read'
lost "... nor its name" 'line 8.*not read'

# As JSON: who is hit by what, and what was lost.
"$FL" import pumba -o json -- netem -d 9s --interface e loss -p 3 w1 w2 >"$T/json" 2>/dev/null
check "-o json" /usr/bin/python3 - "$T/json" <<'END'
import json, sys, yaml
d = json.load(open(sys.argv[1]))
assert [x["faults"][0]["targets"] for x in d["experiments"]] == [["w1"], ["w2"]], d
assert d["experiments"][0]["faults"][0]["params"]["percent"] == "3%"
assert d["experiments"][0]["duration_s"] == 9 and d["error"] is None
assert "netem --interface" in [l["path"] for l in d["lost"]]
assert yaml.safe_load(d["suite"])["experiments"][1]["name"] == "network_loss_w2"
END
"$FL" import pumba -o json -- kil w >"$T/json" 2>/dev/null
check_num "-o json of what is refused: exit status" $? eq 2
check "... and why" /usr/bin/python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); assert d["suite"] is None and "kil" in d["error"]["message"] and d["error"]["exit_status"] == 2 and d["experiments"] == []' "$T/json"

# pumba hits what matches any of its filters.
import_of pumba <<<'pumba iptables -d 9s -p tcp --source 10.1.1.1 --source 10.1.1.2 --src-port 53,6000:6010 loss --probability 0.5 dns'
made "pumba's filters: the addresses are one fault" 'peer: "10.1.1.1,10.1.1.2", protocol: tcp }'
made "... each port is one" 'peer-port: 53, protocol: tcp }'
made "... a range is one" 'peer-port: 6000-6010, protocol: tcp }'
check_num "... three in all" "$(grep -c 'type: network_loss' "$T/made")" eq 3
lost "... and that they may meet is said" 'any of its addresses and ports: 3 faults'
"$FL" import pumba -- netem -d 9s --target 999.1.1.1 delay x >/dev/null 2>"$T/lost"
check_num "a filter that is none makes no fault of everything" $? eq 2

import_of pumba <<'END'
services:
  web: {image: nginx, command: pumba kill no}
  a: {image: gaiaadm/pumba, command: "--log-level debug stop 'w1'"}
  b:
    image: ghcr.io/alexei-led/pumba:1.0
    entrypoint: [pumba]
    command: [netem, -d, 8s, delay, --time, "30", w2, 're2:^w3$$']
  c: {image: gaiaadm/pumba, command: "netem -d ${D} loss no"}
  d: {image: gaiaadm/pumba, command: "--dry-run kill no"}
END
check_num "pumba in a Compose file" $? eq 0
for i in 1 2 3; do made "... w$i" "1 instance of w$i"; done
unmade "... not the others" "1 instance of no"
lost "... a variable is named" '\${D}'

import_of pumba <<'END'
# a job
---
apiVersion: v1
kind: Namespace
metadata: {name: n}
---
apiVersion: batch/v1
kind: Job
metadata: {name: j}
spec:
  template:
    spec:
      containers:
        - {name: a, image: gaiaadm/pumba, args: [netem, --duration, 9s, delay, w1]}
        - {name: b, image: busybox, args: [pumba, kill, no]}
---
- no object
END
check_num "pumba in objects of Kubernetes" $? eq 0
made "... is read" "1 instance of w1"
check_num "... alone" "$(grep -c 'target: 1 instance of' "$T/made")" eq 1
lost "... what is no object is named" 'line 16: document'

# Chaos Mesh: several of them, ports, names.
network() { printf 'apiVersion: chaos-mesh.org/v1alpha1\nkind: NetworkChaos\nmetadata: {name: n}\nspec: {mode: %s, duration: 9s, %s}\n' "$1" "$2"; }
network all 'action: loss, loss: {loss: "3"}, selector: {expressionSelectors: [{key: app, operator: In, values: [w1, w2]}]}, target: {mode: all, selector: {pods: {a: [p1], b: [p2, p3]}}}' | import_of chaos-mesh
check_num "several pods on both sides" $? eq 0
made "... several targets" "[1 instance of w1, 1 instance of w2]"
made "... a list of peers" 'peer: "p1,p2,p3"'
check_num "... without a loss" "$(wc -l <"$T/lost")" eq 0
network all 'action: loss, loss: {loss: "3"}, selector: {labelSelectors: {app: w, tier: "front"}}, target: {mode: one, selector: {pods: {a: [p1, p2]}}}' | import_of chaos-mesh
lost "a label that narrows is named with its value" 'labelSelectors ({"tier":"front"})'
lost "... one of several peers, too" 'spec.target.mode (one): every peer.*MORE'
network one 'action: loss, loss: {loss: "3"}, selector: {pods: {a: [w1, w2]}}' | import_of chaos-mesh
lost "one of several, by chance, is said" 'w2.*by chance'
network all 'action: loss, loss: {loss: "3"}, selector: {expressionSelectors: [{key: app, operator: NotIn, values: [w1]}]}' | import_of chaos-mesh
made "NotIn is no target" "1 instance of change-me"
network all 'action: delay, delay: {latency: 9ms}, selector: {labelSelectors: {app: w}}, externalTargets: ["192.0.2.1:80", "192.0.2.2:443", "[2001:db8::1]:80", 192.0.2.3, "2001:db8::2"]' | import_of chaos-mesh
check_num "externalTargets with ports" $? eq 0
made "... without one" 'peer: "192.0.2.3,2001:db8::2" }'
made "... by port" 'peer: "192.0.2.1,2001:db8::1", peer-port: 80 }'
made "... by the other one" 'peer: 192.0.2.2, peer-port: 443 }'
printf 'apiVersion: chaos-mesh.org/v1alpha1\nkind: HTTPChaos\nmetadata: {name: h}\nspec: {mode: all, duration: 9s, target: Request, port: 80, percent: "40", delay: 9ms, selector: {labelSelectors: {app: w}}}\n' | import_of chaos-mesh
made "HTTPChaos: percent" "percent: 40%"
printf 'apiVersion: chaos-mesh.org/v1alpha1\nkind: DNSChaos\nmetadata: {name: d}\nspec: {action: error, mode: all, duration: 9s, patterns: ["*", "*.a.b"], selector: {labelSelectors: {app: w}}}\n' | import_of chaos-mesh
made "DNSChaos: all names" "params: { direction: to }"
made "... and one" 'name: "*.a.b"'

# refused NAME FORMAT FILE WORD: exit 2 within 2 s, with a message that says WORD, and no output.
refused() {
	local t0 rc ms; t0=$(date +%s%N)
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
for one in 'name: {{ .Values.name }}' 'name: ${NAME}' 'name: $NAME' '{{- if .Values.on }}'; do
	printf 'apiVersion: chaos-mesh.org/v1alpha1\n# not ${THIS}\n%s\n' "$one" >"$T/template"
	refused "a template ($one)" chaos-mesh "$T/template" 'template:3.*render it first'
done
refused "600 commands" pumba "$T/many" 'more than 500'
