#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# doc_faultline.sh COMMAND...: the faultline of who reads the documents (doc_run.py), but that it does not wait as long as it says.
# Times that only pass are short, what would go on for ever is looked at twice, a suite is its first experiment, and
# ID, as any id that was printed on another day, is that of the last fault that was detached.
declare -A short=([inject--for]=600ms [inject--every]=300ms [graph--for]=1s [baseline--for]=1s [plan--watch]=1s
	[check--watch]=1s [top--count]=1 [probe--interval]=100ms [probe--count]=3)
args=() command=$1 detach='' given=' ' last=''
for a; do
	[ "$a" != -- ] || break
	[ "$a" != --detach ] || detach=1
	given+="$a "
done
for a; do
	case $command$last in
	inject--for) [ -n "$detach${DOC_ENGINE:-}" ] || a=${short[inject--for]} ;; # (a container takes a second to restart)
	*) [ -z "${short[$command$last]:-}" ] || a=${short[$command$last]} ;;
	esac
	if [[ $command = set || $command = stop ]] && [[ $a = ID || $a =~ ^[a-z0-9]{6}(\.1)?$ ]]; then a=$(cat "$T/id"); fi
	args+=("$a")
	last=$a
done
more() { case $given in *" $1 "* | *" --dry-run "* | *" --help "*) ;; *) args+=("$@") ;; esac; }
case $command in
run) more --scale 0.02; case $given in *' --resume '*) ;; *) more --only 1 ;; esac ;;
plan) more --watch 1s ;;
top) more --count 1 ;;
graph) more --for 1s ;;
check) case $given in *' --host '*) more --watch 1s ;; esac ;;
inject) [ -n "$detach" ] || more --for 600ms ;;
esac
# What hit nothing in so short a time is given a longer one, as its reader would.
if [ "$command$detach${DOC_ENGINE:-}" = inject ]; then
	"$FL" "${args[@]}" >"$T/said" 2>"$T/complained"; rc=$?
	if [ $rc = 1 ] && grep -q 'NOTHING WAS HIT' "$T/said" "$T/complained"; then
		"$FL" "${args[@]/#600ms/5s}" >"$T/said" 2>"$T/complained"; rc=$?
	fi
	cat "$T/complained" >&2
	cat "$T/said"
	exit $rc
fi
[ -n "$detach" ] || exec "$FL" "${args[@]}"
"$FL" "${args[@]}" | tee "$T/id"
exit "${PIPESTATUS[0]}"
