# SPDX-License-Identifier: GPL-2.0-only
# demo-run.sh - sourced by demo.sh and demo-docker.sh: $suite, else experiments/demo.yaml, on whatever stack is up.
# The demo has worked when the run came to its end, whatever the reference pipeline noticed: its honest
# score may be below acceptance.
run=
# Ctrl-C reaches faultline by itself; what is sent to the script alone is passed on.
trap : INT
trap '[ -z "$run" ] || kill -TERM "$run"' TERM

# demo_run FAULTLINE NAME [OPTION...]
demo_run() {
	fl=$1
	out=faultline-results/$2-$(date +%Y%m%d-%H%M%S)
	shift 2
	"$fl" run "${suite:-experiments/demo.yaml}" --out "$out" "$@" &
	run=$!
	rc=255
	while kill -0 "$run" 2>/dev/null; do
		wait "$run"
		rc=$?
	done
	run=
	echo
	case $rc in
	0) echo "demo: accepted (faultline run ended with status 0)" ;;
	1) echo "demo: the run is complete; acceptance or a hypothesis failed, which faultline run tells by its exit status 1" ;;
	5) echo "demo: ended by a signal (faultline run: 5)" ;;
	*) echo "demo: the run failed (faultline run: $rc)" ;;
	esac
	echo "demo: the results are in $out"
	[ $rc -le 1 ] && [ -s "$out/chaos_results.json" ]
}
