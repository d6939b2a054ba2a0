#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A real Prometheus and a real Alertmanager as the pipeline: the rules of experiments/docker over the
# embedded lab, faults of the demo. FLTEST_LONG=1: the whole demo through Alertmanager as well.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lab.sh"
conf=$TOP/experiments/docker
prom=http://127.0.0.1:9090 am=http://127.0.0.1:9093
field() { jq -r "$2" "$T/$1/chaos_results.json"; }

check "the configuration is one" promtool check config "$conf/prometheus.yml"
bg prometheus-alertmanager --config.file="$conf/alertmanager.yml" --storage.path="$T/am" \
	--web.listen-address=127.0.0.1:9093 --cluster.listen-address= >"$T/am.log" 2>&1
bg prometheus --config.file="$conf/prometheus.yml" --storage.tsdb.path="$T/prom" \
	--web.listen-address=127.0.0.1:9090 >"$T/prom.log" 2>&1
targets() { curl -s "$prom/api/v1/targets" | jq -r '[.data.activeTargets[] | select(.health == "up")] | length'; }
all_up() { [ "$(targets)" = 13 ]; }
check "Prometheus scrapes every service" wait_for 15 all_up
check "Alertmanager answers" wait_for 5 curl -fs "$am/api/v2/alerts"
series_there() { [ "$(curl -s "$prom/api/v1/query" --data-urlencode "query=count($1)" | jq -r '.data.result | length')" = 1 ]; }
# A rule over a series that nobody has would never fire and never fail.
for s in $(grep -o 'lab_[a-z_]*\|container_[a-z_]*' "$conf/alerts.yml" | sort -u); do
	case $s in
	lab_tokens_refused_total | lab_memory_grant_spills_total) continue ;; # not before the first one
	esac
	check "there is a series $s" wait_for 5 series_there "$s"
done
quiet() { [ "$(curl -s "$am/api/v2/alerts" | jq length)" = 0 ]; }
check "no alert without a fault" wait_for 15 quiet

sed 's/baseline: .*/baseline: 2s/; s/grace: .*/grace: 4s/; s/duration: .*/duration: 9s/; s/steady_window: .*/steady_window: 2s/' "$TOP/experiments/demo.yaml" >"$T/short.yaml"
run() { # NAME OPTION...
	_out=$1; shift
	_t0=$SECONDS
	"$FL" run "$T/short.yaml" --out "$T/$_out" "$@" >"$T/$_out.board" 2>"$T/$_out.log"
	check_num "$_out: the run came to its end" $? le 1
	note "FIGURE $_out: detected $(field "$_out" '[.[] | select(.detected)] | length') of $(field "$_out" length), first alert after $(field "$_out" '.[0].mttd_s * 10 | round / 10') s, root $(field "$_out" '.[0].rca_service'); $((SECONDS - _t0)) s"
}

run alertmanager --only 1 --pipeline $am --adapter alertmanager --root-label root_service --metrics 9107
check "the latency is detected" test "$(field alertmanager '.[0].detected')" = true
check_num "its alerts are of the fault's time: s after it" "$(field alertmanager '.[0].mttd_s')" gt 0
check_num "Alertmanager's groups are the clusters" "$(field alertmanager '.[0].clusters | length')" ge 1
check "of one root each" test "$(field alertmanager '.[0].clusters | map(.labels | keys == ["root_service"]) | all')" = true
check "a root cause is named by the label" test "$(field alertmanager '.[0] | .rca_asked and (.rca_service | length > 0)')" = true
check "what names it is the evidence" test "$(field alertmanager '.[0].evidence | length > 0')" = true
check "with no confidence of its own" test "$(field alertmanager '.[0].confidence')" = null

# The rules over what faultline itself measures: it served its metrics to Prometheus meanwhile.
check "a rule over faultline's own figures fired, too" test "$(field alertmanager '[.[0].alerts[].name] | any(. == "AnswersSlow")')" = true
for s in $(grep -o 'faultline_[a-z_]*' "$conf/alerts.yml" | sort -u); do
	check "there was a series $s" series_there "last_over_time(${s}[60s])"
done

run prometheus --only 3 --pipeline $prom --adapter prometheus
check "the kill is detected" test "$(field prometheus '.[0].detected')" = true
check "by its restart" test "$(field prometheus '[.[0].alerts[] | select(.service == "inventory-svc") | .name] | any(. == "Restarted" or . == "InstanceDown")')" = true
check "no root is asked for" test "$(field prometheus '.[0] | .rca_asked, .rca_service, .rca_correct' | xargs)" = "false null false"
check "the scoreboard says so" grep -qx 'RCA correct: n/a' "$T/prometheus.board"
check "in both columns" grep -Eq '^\| 3 \| inventory_kill .*\| n/a +\| n/a +\|$' "$T/prometheus.board"
check "and it is no gap" test "$(grep -A1 '^Gaps' "$T/prometheus.board" | tail -n 1)" = "- none"

if [ -n "${FLTEST_LONG:-}" ]; then
	cp "$TOP/experiments/demo.yaml" "$T/short.yaml"
	run demo --pipeline $am --adapter alertmanager --root-label root_service
	check "ten experiments" test "$(field demo length)" = 10
	sed 's/^/# /' "$T/demo.board"
fi
