# SPDX-License-Identifier: GPL-2.0-only
# cells.sh - sourced behind forms.sh: a kind of fault done to a form of target: a cell of the table of check-host.
#
# It is "hit" when a client sees the kind's sign, the proof counts hits, the fault ends when it is told to, and the target
# is afterwards as before; "refused" when it is to be refused there, with its reason, and nothing was done. There are no
# limits of time in it: it waits for what it is to see, since a guest under emulation is slow.
HERE=$TOP/tests/host
PATIENCE=${PATIENCE:-60}
declare -A PART SIGN OPTIONS
KINDS=
while read -r _k _p _s _o; do
	case $_k in '' | '#'*) continue ;; esac
	KINDS="$KINDS $_k" PART[$_k]=$_p SIGN[$_k]=$_s OPTIONS[$_k]=$_o
done <"$HERE/kinds"
may_refuse() { # FORM KIND: the words of the reason
	awk -v f="$1" -v k="$2" '!/^#/ && ($1 == "*" || $1 == f) && ($2 == "*" || $2 == k) { $1 = $2 = ""; sub(/^ +/, ""); print; exit }' "$HERE/refused"
}

# look FORM: what a client sees of the service: $code (000: no answer in four seconds), $seconds, and the line of /state.
# (One program: each costs an emulated machine a tenth of a second.)
look() {
	now= born= free=0 descriptors= ms=0 name= val= file=
	{ read -r now born free descriptors ms name val file && read -r code seconds; } \
		< <(client "$1" curl -s --max-time 4 -w '%{http_code} %{time_total}\n' "http://$ADDRESS:8080/state")
	case $now in 000 | 503) code=$now seconds=${born:-4} now= born=old name= val= file= ;; esac
}
is() { awk "BEGIN { exit !($1) }"; }
fill_store() { client "$1" timeout 20 redis-cli -h "$STORE_ADDRESS" mset user:1 1111 user:2 2222 user:3 3333 >/dev/null; }
address() {
	ADDRESS=$(addr_of "$1" web) STORE_ADDRESS=$(addr_of "$1" store)
	[ -n "$ADDRESS" ] && [ -n "$STORE_ADDRESS" ]
}
GOOD_FILE='limit = 1234567890'
# well FORM: as it was before. Else $WRONG says what is not.
well() {
	local wall
	look "$1"
	WRONG="no answer"
	if [ "${code:-}" != 200 ]; then
		address "$1" || WRONG="it has no address"
		return 1
	fi
	printf -v wall '%(%s)T' -1
	BORN=$born
	WRONG="its clock is wrong"; is "$now - $wall < 30 && $wall - $now < 30" || return
	WRONG="its file is wrong: $file"; [ "$file" = "$GOOD_FILE" ] || return
	WRONG="it can open no file"; [ "$descriptors" = True ] || return
	WRONG="its file system is full"; [ "$free" -gt 8000000 ] || return
	WRONG="it finds no name: $name"; [[ $name =~ ^[0-9.]+$ ]] || return
	WRONG="names are late ($ms ms)"; [ "$ms" -lt 450 ] || return
	WRONG="its store has a wrong value: $val"; [ "$val" = 1111 ] || return
	WRONG="its answers are late ($seconds s)"; is "$seconds < 0.5" || return
	WRONG=
}
# second FORM: who asks while another connection of its own is open gets no answer.
second() {
	client "$1" timeout 12 bash -c "exec 3<>/dev/tcp/$ADDRESS/8080 && { curl -s --max-time 4 http://$ADDRESS:8080/; [ \$? = 28 ]; }" >/dev/null 2>&1
}
# shows FORM SIGN: is it to be seen now?
shows() {
	case $2 in
	-) return 0 ;;
	memory) [ $(($(<"$GROUP/memory.current") * 100 / $(<"$GROUP/memory.max"))) -ge 80 ]; return ;;
	new) [ "${code:-}" = 200 ] || address "$1" ;;
	second) second "$1"; return ;;
	esac
	look "$1"
	case $2 in
	none) [ "$code" = 000 ] ;;
	slow) is "$seconds >= 0.55" ;;
	503) [ "$code" = 503 ] ;;
	*) [ "$code" = 200 ] || { [ "$2" = files ] && [ "$code" = 000 ]; return; } ;;&
	new) [ "$born" != "$BORN" ] ;;
	value) [ "$val" != 1111 ] ;;
	lookup) [[ $name == error* ]] ;;
	late) [ "$ms" -ge 550 ] ;;
	clock) printf -v wall '%(%s)T' -1; is "$now - $wall > 3000" ;;
	files) [ "$descriptors" = False ] ;;
	content) [ "$file" != "$GOOD_FILE" ] ;;
	call) [[ $file == error* ]] ;;
	full) [ "$free" -lt 4000000 ] ;;
	esac
}
# until_ok SECONDS COMMAND...: in this shell, unlike wait_for, and without haste.
until_ok() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do [ $SECONDS -lt $end ] || return; sleep 0.5; done
}
counted() { "$FL" list -o json | jq -es 'any(.[][]; .injected > 0)' >/dev/null; }

begun() { active || [ ! -e /proc/$_inject ]; }

# cell FORM KIND: $CELL is hit, refused or FAILED, $WHY in words.
cell() {
	local form=$1 kind=$2 expected began shown= patience=$PATIENCE rc
	CELL=FAILED
	# (A store that its engine has started anew meanwhile is empty: the next kind is not to suffer for it.)
	until_ok 60 well "$form" || { fill_store "$form" && until_ok 30 well "$form"; } || { WHY="before: $WRONG"; return; }
	[ "${SIGN[$kind]}" != memory ] || GROUP=$(group_of "$(pid_of "$form" web)")
	expected=$(may_refuse "$form" "$kind")
	# shellcheck disable=SC2046,SC2086
	"$FL" inject "$kind" $(target "$form" "${PART[$kind]}") ${OPTIONS[$kind]} --for 300s -o json >"$T/out" 2>"$T/err" &
	_inject=$!
	# (Patience is with what it does, not with a guest that takes a minute to load its programs.)
	until_ok 200 begun
	began=$SECONDS
	while [ -e /proc/$_inject ] && [ $((SECONDS - began)) -lt "$patience" ]; do
		[ -n "$shown" ] || ! shows "$form" "${SIGN[$kind]}" || shown=1
		[ -z "$shown" ] || ! counted || break
		sleep 0.5
	done
	kill -INT $_inject 2>/dev/null
	wait $_inject; rc=$?
	case $rc in
	0) [ -n "$shown" ] || ! shows "$form" "${SIGN[$kind]}" || shown=1 ;;
	2 | 3)
		WHY=$(sed -n 's/^faultline: //p' "$T/err" | paste -sd ' ')
		if [ -n "$expected" ] && ! jq -e 'has("injected")' "$T/out" >/dev/null 2>&1 && grep -qE -- "$expected" <<<"$WHY"; then CELL=refused; else WHY="refused, status $rc: $WHY"; return; fi
		;;
	esac
	if ! until_ok 60 well "$form"; then
		WHY="afterwards: $WRONG"
		CELL=FAILED
		ended "$form"
	elif [ "$("$FL" list -o json)" != '[]' ]; then WHY="it is still active" CELL=FAILED
	elif [ $CELL = refused ]; then :
	elif [ -n "$expected" ]; then WHY="it is to be refused, and was not (status $rc)"
	elif [ $rc != 0 ]; then WHY="status $rc: $(paste -sd ' ' "$T/err" | cut -c1-300)$(jq -r .effect "$T/out" 2>/dev/null)"
	elif [ "$(injected)" -le 0 ]; then WHY="no hits are counted"
	elif [ -z "$shown" ]; then WHY="a client does not see it (${SIGN[$kind]})"
	else CELL=hit WHY="$(injected) hits"; fi
}

# cells FORM: all kinds (ONLY_KINDS: these) on it, a line each, and for the table "# CELL KIND FORM WHAT".
cells() {
	local form=$1 kind supported
	"$FL" doctor -o json >"$T/doctor" 2>/dev/null
	same "every kind of the binary has its row, and no other" "$(jq -r '.faults[].name' "$T/doctor" | sort | xargs)" "$(xargs -n 1 <<<"$KINDS" | sort | xargs)"
	check "$form: it is up" form_up "$form"
	until_ok 60 address "$form" && until_ok 60 fill_store "$form"
	if ! until_ok 90 well "$form"; then
		not_ok "$form: it answers: $WRONG"
		return
	fi
	for kind in ${ONLY_KINDS:-$KINDS}; do
		supported=$(jq -r --arg k "$kind" '.faults[] | select(.name == $k) | .supported' "$T/doctor")
		cell "$form" "$kind"
		# What doctor says of a kind has to be so.
		[ "$CELL.$supported" != hit.false ] || CELL=FAILED WHY="doctor says that it cannot be done here, and it can"
		note "CELL $kind $form $CELL"
		if [ $CELL = FAILED ]; then
			not_ok "$form: $kind: $WHY"
			{ head -c 800 "$T/err"; jq -c '{matched, injected, skipped, effect}' "$T/out"; } 2>/dev/null | sed 's/^/#   /'
		else
			ok "$form: $kind: $CELL: $WHY"
		fi
	done
}
