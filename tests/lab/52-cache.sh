#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# cache_poisoning: values of a real store are wrong while it is on and right afterwards, times to live
# go on, what somebody else writes stays; also when the owner, or owner and guardian, are killed.
. "$(dirname "$0")/../lib.sh"
mknet cache 1
mkdir "$T/redis"
bg ip netns exec flt-cache redis-server --port 6379 --bind 127.0.0.1 --save '' --appendonly no --dir "$T/redis" >"$T/redis.log" 2>&1
server=$BG_PID
r() { ip netns exec flt-cache redis-cli -e "$@"; }
wait_for 5 r ping
fill() {
	r flushall >/dev/null
	for i in $(seq 1 50); do echo "SET item:$i '{\"price\":$((1000 + i)),\"stock\":0}'"; done | r >/dev/null
	r set other:1 100 >/dev/null
	r set item:ttl 4711 px 600000 >/dev/null
	r hset item:hash field 1 >/dev/null
	printf 'a\0b 7\xff' | r -x set item:binary >/dev/null
	r set item:empty "" >/dev/null
}
# All strings, as hex: one line a key.
dump() {
	r eval "local out = {}
		for _, k in ipairs(redis.call('keys', '*')) do
			if redis.call('type', k).ok == 'string' then
				out[#out + 1] = k .. ' ' .. redis.call('get', k):gsub('.', function(c) return ('%02x'):format(c:byte()) end)
			end
		end
		table.sort(out)
		return out" 0
}
fill
dump >"$T/right"
right() { dump >"$T/is"; cmp -s "$T/right" "$T/is"; }
wrong() { [ "$(r get item:1)" != '{"price":1001,"stock":0}' ]; }
not_wrong() { ! wrong && [ "$(r get item:50)" = '{"price":1050,"stock":0}' ]; }
inject() { bg "$FL" inject cache_poisoning netns:flt-cache --for 60s "$@" >"$T/inject.out" 2>&1; owner=$BG_PID; wait_for 5 grep -q 'is active' "$T/inject.out" || { not_ok "inject $*"; sed 's/^/#   /' "$T/inject.out"; }; }
finish() { kill -INT "$owner"; wait "$owner"; }

# --- the effect ---
inject --keys 'item:*' --seed 3
check "a value is wrong" wrong
check "it has the same form" grep -qE '^\{"price":[1-9]{4},"stock":[1-9]\}$' <(r get item:1)
dump >"$T/is"
check_num "keys that hold another value (50, ttl, binary)" "$(diff "$T/right" "$T/is" | grep -c '^>')" eq 52
check "a key of another name is right" [ "$(r get other:1)" = 100 ]
check "a hash is left alone" [ "$(r hget item:hash field)" = 1 ]
ttl=$(r pttl item:ttl); check_num "a time to live goes on, ms" "$ttl" gt 500000; check_num "and is no longer than it was, ms" "$ttl" le 600000
check_num "one that has none gets none" "$(r pttl item:1)" eq -1
finish
check "afterwards all is right" right
ttl=$(r pttl item:ttl); check_num "the time to live went on, ms" "$ttl" le 600000; check_num "... from where it was, ms" "$ttl" gt 500000
check "the result says what was done" grep -q '52 of 5[0-9] keys' "$T/inject.out"
note "FIGURE cache: $(sed -n 's/^ *effect *//p' "$T/inject.out"), all right again, time to live kept"
inject --keys 'item:*' --seed 3; dump >"$T/1"; finish
inject --keys 'item:*' --seed 3; dump >"$T/2"; finish
check "the same seed gives the same wrong values" cmp "$T/1" "$T/2"
inject --keys 'item:*' --value poison
check "a value of one's own" [ "$(r get item:7)" = poison ]; finish
check "all is right again" right
inject --keys 'item:[0-9]*' --percent 50% --seed 1
n=$(dump | diff "$T/right" - | grep -c '^>')
check_num "half of the keys, at least" "$n" ge 12; check_num "half of the keys, at most" "$n" le 38; finish
inject --max-keys 5 --keys 'item:*'
check_num "no more than asked for" "$(dump | diff "$T/right" - | grep -c '^>')" le 5; finish

# --- somebody else ---
inject --keys 'item:*'
r set item:1 'written anew' >/dev/null; r del item:2 >/dev/null
finish
check "a value written meanwhile stays" [ "$(r get item:1)" = 'written anew' ]
check_num "a key deleted meanwhile does not come back" "$(r exists item:2)" eq 0
check "the others are right" [ "$(r get item:3)" = '{"price":1003,"stock":0}' ]
check "and the result says so" grep -q '2 of 5[0-9] keys were written anew' "$T/inject.out"
fill

# --- SIGKILL ---
inject --keys 'item:*'
# They are put back in the order in which they were poisoned.
t0=$(date +%s%N); kill -9 "$owner"
wait_for 3 not_wrong; took=$((($(date +%s%N) - t0) / 1000000))
wait_for 3 right; check "SIGKILL of the owner: all is right again" right; check_ms "within two seconds, ms" "$took" 2000
note "FIGURE cache put back within $took ms after SIGKILL of its owner"
inject --keys 'item:*'
kill -9 "$(pgrep -P "$owner" -x fl-guardian)" "$owner"
sleep 0.3; check "both killed: still wrong" wrong
check "recover" "$FL" recover; check "all is right" right

# --- the store dies ---
inject --keys 'item:*'
kill -9 "$server"; wait "$server" 2>/dev/null
kill -INT "$owner"; wait "$owner"; check_num "... and ends with a status, not a signal" $? lt 128
check "without a store it cannot be undone, and says so" grep -q 'no store answers' "$T/inject.out"
bg ip netns exec flt-cache redis-server --port 6379 --bind 127.0.0.1 --save '' --appendonly no --dir "$T/redis" >"$T/redis.log" 2>&1
wait_for 5 r ping; fill
wait_for 5 "$FL" recover; check "once it is there again there is nothing left to undo" grep -q 'nothing to recover' <("$FL" recover)
check "and nothing was put into it" right

# --- refused ---
if "$FL" inject cache_poisoning netns:flt-cache --port 6380 --for 1s >"$T/e" 2>&1; then not_ok "no store: accepted"; else check "no store at that port: refused" grep -q 'no store answers' "$T/e"; fi

# --- words of a store, and of an agent, that would command the terminal ---
rude() { # WHAT PORT [JAR]: its words come, and none of its control characters
	_what=$1; shift
	bg python3 "$TOP/tests/tools/servers/drip.py" rude "$@" >"$T/rude.out"
	_rude=$BG_PID
	wait_for 5 grep -q ready "$T/rude.out"
	case $_what in
	store) "$FL" inject cache_poisoning pid:"$_rude" --port "$1" --for 1s >"$T/e" 2>&1 ;;
	agent) "$FL" inject jvm_exception pid:"$_rude" --class a.B --method c --for 1s >"$T/e" 2>&1 ;;
	esac
	check_num "a $_what whose errors command a terminal: refused" $? eq 3
	check "... its words are told" grep -q PWNED "$T/e"
	check_num "... without a control character, C1 included" "$(LC_ALL=C tr -d '\n' <"$T/e" | LC_ALL=C grep -cP '[\x00-\x1f\x7f]|\xc2[\x80-\x9f]')" eq 0
	kill "$_rude"; wait "$_rude" 2>/dev/null
}
rude store 6391
rude agent 9091 "$T/byteman.jar"
r config set requirepass sesame >/dev/null
if "$FL" inject cache_poisoning netns:flt-cache --for 1s >"$T/e" 2>&1; then not_ok "no password: accepted"; else check "a store with a password: refused without" grep -q 'password-file' "$T/e"; fi

# --- what is sent as a password: nothing that was not put there for that ---
sends() { # DESCRIPTION WORDS FILE [COMMAND...]: refused, with the words, before anything is sent
	_what=$1 _words=$2 _file=$3; shift 3
	"$@" "$FL" inject cache_poisoning netns:flt-cache --password-file "$_file" --for 1s >"$T/e" 2>&1; rc=$?
	if [ $rc != 0 ] && grep -q "$_words" "$T/e"; then ok "$_what: refused"; else not_ok "$_what: refused ($rc)"; cat "$T/e"; fi
}
secrets=/etc/faultline/secrets
mkdir -m 700 $secrets
put() { (umask 077; cat >"$secrets/$1"); }
(umask 077; echo sesame >"$T/password"; echo sesame >"$T/alices"; chown 1234 "$T/alices")
sends "a private file of root's anywhere" "outside $secrets" "$T/password"
sends "/etc/shadow" "may be read by others\|outside $secrets" /etc/shadow
sends "somebody's own file, for root" "somebody else's" "$T/alices"
sends "... and for another person behind sudo" "somebody else's" "$T/alices" env SUDO_UID=1235
sends "a file of root's, for a person behind sudo" "outside $secrets" "$T/password" env SUDO_UID=1234
sends "the way out of the directory" "outside $secrets" "$secrets/../../..$T/password"
ln -s "$T/password" $secrets/link; sends "a link in the directory" "symbolic link" $secrets/link
mkfifo -m 600 $secrets/fifo; sends "a FIFO" "no regular file" $secrets/fifo
echo sesame | put open; chmod 640 $secrets/open; sends "one that others may read" "read by others" $secrets/open
printf 'sesame\nrest\n' | put lines; sends "several lines" "more than one line" $secrets/lines
# shellcheck disable=SC2016
echo 'root:$y$j9T$thehash:19000:0:99999:7:::' | put shadow; sends "an entry of shadow" "user database" $secrets/shadow
put empty </dev/null; sends "an empty file" "is empty" $secrets/empty
head -c 600 /dev/zero | tr '\0' a | put long; sends "a long one" "too long" $secrets/long
chmod 777 $secrets; echo sesame | put good; sends "in a directory that others may write to" "not trusted" $secrets/good; chmod 700 $secrets
own() { env SUDO_UID=1234 "$FL" inject cache_poisoning netns:flt-cache --password-file "$T/alices" --for 50ms; }
if [ "$(cat /proc/self/loginuid 2>/dev/null || echo 0)" != 0 ] && [ "$(cat /proc/self/loginuid)" != 4294967295 ]; then note "a login's user is not sudo's here"; else check "one's own private file, with sudo" own; fi
bg "$FL" inject cache_poisoning netns:flt-cache --password-file $secrets/good --for 60s >"$T/inject.out" 2>&1; owner=$BG_PID
wait_for 5 grep -q 'is active' "$T/inject.out"; check "with it, it works" [ "$(r -a sesame --no-auth-warning get other:1)" != 100 ]
finish; check "and is undone" [ "$(r -a sesame --no-auth-warning get other:1)" = 100 ]
rm -r $secrets
