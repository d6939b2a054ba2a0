# SPDX-License-Identifier: GPL-2.0-only
# demo-run.sh - sourced by demo.sh and demo-docker.sh: $suite, else experiments/demo.yaml, on whatever stack is up;
# demo_files: each of several files.
# The demo has worked when the run came to its end, whatever the reference pipeline noticed: its honest
# score may be below acceptance.
run=
# Ctrl-C reaches faultline by itself; what is sent to the script alone is passed on.
trap : INT
trap '[ -z "$run" ] || kill -TERM "$run"' TERM

# carry_out COMMAND...: until it ends by itself; $run while it does, then $rc is its status.
carry_out() {
	"$@" </dev/null &
	run=$!
	rc=255
	while kill -0 "$run" 2>/dev/null; do
		wait "$run"
		rc=$?
	done
	run=
}

# demo_run FAULTLINE NAME [OPTION...]
demo_run() {
	fl=$1
	out=faultline-results/$2-$(date +%Y%m%d-%H%M%S)
	shift 2
	carry_out "$fl" run "${suite:-experiments/demo.yaml}" --out "$out" "$@"
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

# demo_files FAULTLINE NAME [OPTION...]: each of $FILES by itself, with a line of a table for what came out: how many of its
# entries were run (a stack that does not recover ends a run), those detected and those with the right root, or the
# error in whose words it was refused. It has worked when every one came
# to a scoreboard or was refused as a file (faultline run: 2).
demo_files() {
	fl=$1
	out=faultline-results/$2-files-$(date +%Y%m%d-%H%M%S)
	shift 2
	mkdir -p "$out"
	all=0
	echo '| file | run | detected | root right | seconds | exit status |'
	echo '|---|---|---|---|---|---|'
	for file in $FILES; do
		name=$(basename "$file")
		began=$SECONDS
		carry_out "$fl" run "$file" --out "$out/$name" "$@" >"$out/$name.board" 2>"$out/$name.err"
		if grep -q '^Detected: ' "$out/$name.board"; then
			echo "| $name | $(sed -n 's/^Total: //p' "$out/$name.board")/$(sed -n 's/^\([0-9]*\) experiments\{0,1\}, about .*/\1/p' "$out/$name.err") | $(sed -n 's/^Detected: //p' "$out/$name.board") |" \
				"$(sed -n 's/^RCA correct: //p' "$out/$name.board") | $((SECONDS - began)) | $rc |"
		else
			echo "| $name | $(grep -m 1 '^faultline: ' "$out/$name.err") | | | $((SECONDS - began)) | $rc |"
			[ $rc = 2 ] || all=1
		fi
		[ $rc != 5 ] || break
	done
	echo "demo: the results are in $out"
	[ $rc != 5 ] && return $all
}
