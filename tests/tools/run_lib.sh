# SPDX-License-Identifier: GPL-2.0-only
# run_lib.sh - for the tests of `faultline run`: a target, a health page and a scripted pipeline, and
# a suite of null faults that is over in seconds.
TOOLS=$TOP/tests/tools

# pipeline MODE [EVENTS]: start the scripted pipeline; $PORT.
pipeline() {
	: >"$T/port"
	bg python3 "$TOOLS/servers/fake_pipeline.py" 0 "$@" >"$T/port"
	wait_for 10 test -s "$T/port"
	PORT=$(cat "$T/port")
}
# suite FILE NAME...: one experiment a name, with null faults on the scripted pipeline's process. Variables: $DURATION,
# $PARAMS, $TRIGGER, $HYPOTHESIS, $ABORT, $TIMING (suite keys).
suite() {
	local file=$1 name
	shift
	{
		cat <<-Y
			suite:
			  probe: {url: 'http://127.0.0.1:$PORT/health', interval: 50ms, steady_window: 400ms, recover_within: 2s}
			  pipeline: {url: 'http://127.0.0.1:$PORT', timeout: 500ms, retries: 0}
			  baseline: 500ms
			  cooldown: 100ms
			  grace: 600ms
			  ${TIMING:-name: test}
			experiments:
		Y
		for name; do
			cat <<-Y
				  - name: $name
				    hypothesis: ${HYPOTHESIS:-success_rate >= 50%}
				    fault_type: 'null'
				    params: ${PARAMS:-{hits: 3\}}
				    blast_radius: {target: 'pid:$BG_PID', traffic: 0% (synthetic), duration: ${DURATION:-900ms}}
				    rollback: {automatic: true, trigger_when: ${TRIGGER:-success_rate < 1%}, method: faultline stop}
				    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
				    abort_conditions: ['${ABORT:-slo_breach > 100}']
				    ground_truth: {root_service: payment-svc}
			Y
		done
	} >"$file"
}
# field DIR FILTER: of chaos_results.json
field() { jq -r "$2" "$1/chaos_results.json"; }
# event DIR FILTER: is there such an event?
event() { jq -es "any(.[]; $2)" "$1/events.jsonl" >/dev/null; }
