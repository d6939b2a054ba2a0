#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What a person sees and types on a terminal: top with its keys in 60 columns, the progress of a run, the scoreboard.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/run_lib.sh"
PORT=
export TERM=screen
tm() { env -u NO_COLOR tmux -f /dev/null -S "$T/tmux" "$@"; }
screen() { tm capture-pane -p "$@"; }
shows() { screen | grep -qe "$1"; }
# on COLUMNSxROWS COMMAND: run it in a terminal of that size.
on() {
	tm kill-server 2>/dev/null
	# (The server before may still be there, and on its way out.)
	in_time 5 tm new-session -d -x "${1%x*}" -y "${1#*x}" "$2"
}

mknet checkout-svc 1
mknet payment-svc 2
echo 1 >/proc/sys/net/ipv4/ip_forward
bg ip netns exec flt-payment-svc python3 -m http.server 8080 -d "$T" >/dev/null 2>&1
wait_for 5 innet checkout-svc curl -s -o /dev/null 10.77.2.2:8080/
bg sh -c 'while :; do ip netns exec flt-checkout-svc curl -s -o /dev/null http://10.77.2.2:8080/; sleep 0.1; done'

# --- top ---
on 60x14 "$FL top netns:flt-checkout-svc,netns:flt-payment-svc --interval 3s"
check "top waits for its first figures, and says so" wait_for 10 shows '^2 services are measured; the first figures come after 3s'
check "then they come" wait_for 10 shows '^EDGE'
screen >"$T/text"
check "60 columns: every figure has its column" grep -qE '^SERVICE +rate/s +err +p50 +p95 +p99 +retr +rst$' "$T/text"
check "... and a number in it" grep -qE '^netns:f[a-z-]*~[a-z-]*svc +[0-9]+\.[0-9] +[0-9.]+%( +[0-9.]+(us|ms|s)){3} +[0-9.]+ +[0-9.]+$' "$T/text"
check "... both ends of an edge are told" grep -qE '^f[a-z-]*~[a-z-]*c>f[a-z-]*~[a-z-]*c' "$T/text"
check_num "no line is longer" "$(awk '{ if (length > n) n = length } END { print n }' "$T/text")" le 60
check "the keys are named" shows 'q quit  s sort  / filter  h help'
tm send-keys s
check "s sorts by the next figure" wait_for 3 shows '^sort: errors'
tm send-keys h
check "h explains" wait_for 3 shows '^s     sorts by the next of'
tm send-keys x
tm send-keys / zebra
check "/ filters" wait_for 3 shows '^filter: zebra_'
check "... at once" sh -c "! tmux -S '$T/tmux' capture-pane -p | grep -q '^netns:f[a-z-]*~[a-z-]*svc'"
tm send-keys Escape
check "Esc takes it back" wait_for 3 shows '^netns:f[a-z-]*~[a-z-]*svc'
tm send-keys / payment Enter
check "Enter keeps it" wait_for 3 shows '^sort: errors  filter: payment '
tm resize-window -x 100 -y 20
check "a wide screen has the wide columns" wait_for 3 shows '^SERVICE .* errors .* retr/s  rst/s'
tm send-keys q
gone() { ! tm has-session; }
check "q ends it" wait_for 5 gone

in_colour() { screen -e | grep -q $'\x1b\[1m.*SERVICE'; }
on 80x20 "$FL top netns:flt-payment-svc --interval 200ms"
check "heads are bold" wait_for 10 in_colour
on 80x20 "NO_COLOR=1 $FL top netns:flt-payment-svc --interval 200ms"
wait_for 10 shows '^SERVICE'
check "... but with NO_COLOR nothing is" sh -c "! tmux -S '$T/tmux' capture-pane -pe | grep -q \"\$(printf '\\033')\[[0-9;]*m.*SERVICE\""
on 80x20 "$FL top netns:flt-payment-svc --interval 200ms; stty -a | grep -o '[-]*icanon'; sleep 30"
wait_for 10 shows '^SERVICE'
tm send-keys C-c
check "Ctrl-C ends it, and the terminal is as it was" wait_for 5 shows '^icanon'

# --- run ---
pipeline good "$T/run/events.jsonl"
PARAMS='{hits: 3}' DURATION=3s suite "$T/s.yaml" payment_latency payment_loss
sed -i "s/fault_type: 'null'/fault_type: latency/; s/params: .*/params: {delay: 5ms}/; s/pid:$BG_PID/netns:flt-payment-svc/" "$T/s.yaml"
on 80x24 "$FL run $T/s.yaml --out $T/run; sleep 60"
check "a run says first how long it will take" wait_for 10 shows '^2 experiments, about [0-9]* s, until [0-9:]*'
live() { screen | grep -oE 'FAULT ON, [0-9]+ s left .* [0-9]+ hits' | tee -a "$T/live" | grep -q .; }
check "while a fault is on its hits are shown" wait_for 20 live
n=0
while [ $n -lt 25 ]; do live; n=$((n + 1)); sleep 0.1; done
check_num "... as they change" "$(grep -oE '[0-9]+ hits' "$T/live" | sort -u | wc -l)" ge 2
check_num "... and the time that is left" "$(grep -oE '[0-9]+ s left' "$T/live" | sort -u | wc -l)" ge 2
check "... and that of the whole run" shows 'all: [0-9]* s'
check "it comes to its end" wait_for 40 shows '^Results: '
tm kill-server

# --- the scoreboard ---
python3 "$TOP/tests/golden/make_run.py" "$T/golden"
on 80x100 "$FL score $T/golden; sleep 30"
wait_for 10 shows '^Gaps identified'
sleep 0.3
screen >"$T/text"
# tmux would show a longer line as two, cut anywhere: the words of each gap come back whole when the lines are joined.
awk '/^Gaps identified/ { on = 1; next } on && /^$/ { exit } on { sub(/^ +/, " "); if (/^- /) { if (l) print l; l = $0 } else l = l $0 } END { print l }' "$T/text" | sed 's/ *$//' >"$T/joined"
"$FL" score "$T/golden" | awk '/^Gaps identified/ { on = 1; next } on && /^$/ { exit } on' | sed 's/ *$//' >"$T/plain"
check "80 columns: gaps are wrapped between words" diff "$T/plain" "$T/joined"
check_num "... some of them were too long" "$(awk 'length > 80' "$T/plain" | wc -l)" ge 1
tm kill-server
