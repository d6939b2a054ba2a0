#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The shop under Docker is the shop of the lab: compose.yaml, and what is read beside it, agree with
# lab.yaml word for word; `stack: lab` and `stack: docker` find a stack of containers by its labels.
# FLTEST_LONG=1: the demo on the containers, too (tools/demo-docker.sh).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
conf=$TOP/experiments/docker

# (Compose wants the build contexts to be there, if only by name.)
mkdir -p "$TOP"/build/docker/{shop,monitoring}
check "compose.yaml is one" docker-compose -f "$conf/compose.yaml" config -q
check "alertmanager.yml is one" amtool check-config "$conf/alertmanager.yml"
cat >"$T/agree.py" <<'END'
import json, sys, yaml
top = sys.argv[1]
lab = yaml.safe_load(open(top + "/experiments/lab.yaml"))
compose = yaml.safe_load(open(top + "/experiments/docker/compose.yaml"))["services"]
pipeline = json.load(open(top + "/experiments/docker/pipeline.json"))
scraped = yaml.safe_load(open(top + "/experiments/docker/prometheus.yml"))["scrape_configs"][0]["static_configs"]
scraped = {s["labels"]["service"]: s["targets"][0] for s in scraped}
failed = False

def same(what, here, there):
    global failed
    if here != there:
        failed = True
        print("%s: compose has %s, the lab %s" % (what, here, there))

def options(words):
    """--name value --name value ... as a set of pairs; repeated ones are several pairs."""
    return {(w, words[i + 1]) for i, w in enumerate(words[:-1]) if w.startswith("--")}

def size(text):
    return str(text or "").replace("MiB", "m")

exporters = {"dns-resolver": "dns-exporter", "cache-svc": "cache-exporter"}
def server(name):
    return compose[name]["networks"]["shop"]["ipv4_address"]

edges = set()
for name, want in lab["services"].items():
    addr, got = want["address"], compose[name]
    # The server of an exporter's service is a container of its own, and so is the exporter, which has its address.
    player = compose.get(exporters.get(name), got)
    same(name + ": address", player["networks"]["shop"]["ipv4_address"], addr)
    same(name + ": memory", got.get("mem_limit", ""), size(want.get("memory")))
    same(name + ": CPU", got.get("cpus", 0), float(str(want.get("cpu", "0%"))[:-1]) / 100)
    said = options(player["entrypoint"] + player["command"])
    calls = {(peer, "".join("," + k + "=" + str(v) for k, v in how.items()))
             for peer, how in want.get("upstreams", {}).items()}
    wanted = {("--name", name), ("--role", want["role"]), ("--port", "8080")}
    wanted |= {("--upstream", "%s=%s:8080%s" % (p, p, how)) for p, how in calls}
    wanted |= {(o, v.replace("127.0.0.1", server(name))) for o, v in options(want.get("options", []))}
    if want.get("cache"):
        wanted.add(("--cache", lab["cache"] + "=" + lab["cache"] + ":6379"))
    if name != lab["resolver"]:
        wanted |= {("--resolver", server(lab["resolver"])), ("--resolver-name", lab["resolver"])}
        if name != lab["logs"]:
            wanted.add(("--log-to", "%s=%s:8080,pool=1" % (lab["logs"], lab["logs"])))
    same(name + ": options", sorted(said), sorted(wanted))
    for beside in want.get("beside", []):
        words = [w for w in beside if not w.startswith("--addn-hosts") and w != "--no-hosts"]
        # A container is root of its own.
        has = [w for w in got["entrypoint"] + got["command"] if w != "--user=root"]
        same(name + ": its server", sorted(has), sorted(words))
    if "volume" in want:
        same(name + ": volume", got["tmpfs"], [want["volume"]["path"] + ":size=" + size(want["volume"]["size"])])
    said = got.get("labels", {}).get("faultline.calls", "").split()
    wanted = [p for p, _ in calls] + [lab["cache"]] * bool(want.get("cache"))
    wanted += [s for s in (lab["resolver"], lab["logs"]) if s != name and name != lab["resolver"]]
    same(name + ": calls", sorted(said), sorted(wanted))
    edges |= {(name, p) for p in wanted}
    same(name + ": scraped by Prometheus", scraped.pop(name, None), addr + ":8080")
    same(name + ": scraped by the pipeline", pipeline["targets"].pop(name, None), "http://%s:8080/metrics" % addr)
    same(name + ": its name", name + ":" + server(name) in compose[lab["resolver"]]["extra_hosts"], True)
same("scraped besides", [scraped, pipeline["targets"]], [{}, {}])
same("the pipeline's graph", sorted(map(tuple, pipeline["edges"])), sorted(edges))
same("health", compose[lab["entry"]]["labels"]["faultline.health"],
     "http://%s:8080%s" % (lab["services"][lab["entry"]]["address"], lab["health"]))
sys.exit(failed)
END
check "compose.yaml agrees with lab.yaml" /usr/bin/python3 "$T/agree.py" "$TOP"

check "dockerd starts" docker_up
check "an image" docker_image tiny
labelled() { # NAME LABEL...: a container of a Compose service
	_args=
	for _l in "${@:2}"; do _args="$_args --label $_l"; done
	# shellcheck disable=SC2086
	docker run -d --name "p_$1" --label com.docker.compose.project=p --label "com.docker.compose.service=$1" $_args tiny sleep 600 >/dev/null
}
check "a container with the probe's URL" labelled web faultline.health=http://10.1.2.3:8080/up faultline.calls=db org.opencontainers.image.version=4.2
check "one with the pipeline's" labelled watch faultline.pipeline=http://127.0.0.1:8123
check "one that has neither" labelled db faultline.calls=
# The demo, with names that are there.
sed "s/target: 1 instance of .*/target: db/; s/target: frontend <-> .*/target: db/; s/root_service: \[.*\],/root_service: db,/
	s/root_service: [a-z-]*/root_service: db/; s/not_service: [a-z-]*/not_service: web/" "$TOP/experiments/demo.yaml" >"$T/lab.yaml"
sed 's/stack: lab/stack: docker/' "$T/lab.yaml" >"$T/docker.yaml"
plan() { "$FL" run "$T/$1.yaml" --only 1 --dry-run -o json >"$T/plan"; }
for s in lab docker; do
	check "stack: $s, a dry run" plan $s
	check "the probe's URL" test "$(jq -r .probe "$T/plan")" = http://10.1.2.3:8080/up
	check "the pipeline's" test "$(jq -r .pipeline "$T/plan")" = http://127.0.0.1:8123
	check "what is under test" test "$(jq -c .versions "$T/plan")" = '{"stack":{"version":"4.2","commit":null}}'
	check "the graph" test "$(jq -c '.graph | [(.services | sort), .edges]' "$T/plan")" = '[["db","web"],[["web","db"]]]'
done
"$FL" run "$T/lab.yaml" --only 1 --dry-run -o json --probe http://10.9.9.9/ >"$T/plan"
check "what is said by hand wins" test "$(jq -r .probe "$T/plan")" = http://10.9.9.9/
check "a second stack" labelled web2 faultline.health=http://10.1.2.4/
"$FL" run "$T/lab.yaml" --only 1 --dry-run >"$T/out" 2>&1
check_num "of two stacks none is taken" $? eq 3
check "and it says why" grep -q 'two stacks' "$T/out"
docker rm -f p_web p_web2 p_watch >/dev/null
"$FL" run "$T/lab.yaml" --only 1 --dry-run >"$T/out" 2>&1
check_num "without a label: the environment lacks something" $? eq 3
check "and it says what" grep -q 'faultline.health' "$T/out"
tar -C "$DOCKER_DIR/image" -c . | docker import -c 'LABEL faultline.health=http://10.6.6.6/' -c 'LABEL faultline.pipeline=http://10.6.6.6:8000' - sly >/dev/null
docker run -d --name sly sly sleep 600 >/dev/null
"$FL" run "$T/lab.yaml" --only 1 --dry-run -o json >"$T/out" 2>&1
check_num "an image chooses no URL" $? eq 3
check "and it says why" grep -q 'the label faultline.pipeline of sly is not followed: it comes from the image' "$T/out"
check "nor is it followed" sh -c '! grep -q 10.6.6.6 "$0"' "$T/out"
labelled web faultline.health=http://10.1.2.3:8080/up faultline.pipeline=http://127.0.0.1:8123
plan lab
check "beside one that was given a URL, that one's" test "$(jq -r '.probe, .pipeline' "$T/plan" | xargs)" = "http://10.1.2.3:8080/up http://127.0.0.1:8123"
docker rm -f sly p_web >/dev/null
docker_halt
"$FL" run "$T/lab.yaml" --only 1 --dry-run >"$T/out" 2>&1
check_num "without an engine as well" $? eq 3
check "and how to get one" grep -q 'make demo-docker' "$T/out"
docker_up

if [ -n "${FLTEST_LONG:-}" ]; then
	docker_halt
	env -u DOCKER_HOST -u DOCKER_CONFIG FLTEST_SANDBOX= "$TOP/tools/demo-docker.sh" "${BUILD#"$TOP/"}" --only 1,8 >"$T/demo" 2>&1
	check_num "make demo-docker, experiments 1 and 8" $? eq 0
	check "both detected" grep -q '^Detected: 2/2' "$T/demo"
	check "files, links and queues are as before" test "$(tail -n 1 "$T/demo")" = "  the same"
	docker_up
fi
