#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# faultline serve: from a token to a stopped fault; who is refused what; what a browser of somebody else's cannot do;
# the process that speaks HTTP has no rights; its death changes nothing of a fault.
. "$(dirname "$0")/../lib.sh"
. "$TOP/tests/tools/serve/lib.sh"
mknet a 1

serve_begin --listen 127.0.0.1:0 --runs "$T/runs"
op=$(token op operate) look=$(token look look) adm=$(token adm administer)
narrow=$("$FL" serve token add narrow --role operate --kinds loss --targets 'netns:flt-a*')
expired=$("$FL" serve token add old --role look --for 1ms)

# --- a session of curl, from token to stopped fault ---
as "$op" GET /v1/me; is "a token is somebody" 200 '.role == "operate" and .who == "token op"'
as "$op" GET /v1/targets; is "targets" 200 'any(.spec == "netns:flt-a")'
as "$op" POST /v1/dry-runs '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"20ms"}}'
is "a dry run says who would be hit" 200 '.targets[0].interfaces == ["fltv1"]'
as "$op" GET /v1/faults; is "it touched nothing" 200 '. == []'
as "$op" POST /v1/faults '{"kind":"latency","targets":["netns:flt-a"],"params":{"delay":"20ms"},"for":"60s"}' -H 'Idempotency-Key: k1'
is "on" 201 '.kind == "latency"'; id=$(jq -r .id "$T/body")
as "$op" POST /v1/faults '{"for":"60s","kind":"latency","targets":["netns:flt-a"],"params":{"delay":"20ms"}}' -H 'Idempotency-Key: k1'
is "the same key again: the same fault" 201 ".id == \"$id\""
as "$op" POST /v1/faults '{"kind":"loss","targets":["netns:flt-a"],"params":{"percent":"1%"}}' -H 'Idempotency-Key: k1'
is "the same key for something else" 422 '.detail | test("another body")'
as "$look" GET /v1/faults; is "one fault, not two" 200 "length == 1 and .[0].id == \"$id\" and .[0].active"
check "list and the API give the same objects" bash -c "diff <(jq -S 'map(del(.expires_in_s))' '$T/body') <('$FL' list -o json | jq -S 'map(del(.expires_in_s))')"
check_num "packets are late, ms" "$(ping_ms)" ge 19
as "$op" PATCH "/v1/faults/$id" '{"params":{"delay":"60ms"}}'; is "changed while it is on" 200 ".id == \"$id\""
check_num "and later, ms" "$(ping_ms)" ge 59
as "$op" PATCH "/v1/faults/$id" '{"params":{"dealy":"60ms"}}'; is "an error has the words of the command line" 422 '.detail == "no parameter '"'dealy'"'" and .hint == "did you mean '"'delay'"'?"'
as "$op" DELETE "/v1/faults/$id"; is "off" 200 ".stopped == [\"$id\"]"
check_num "packets are in time, ms" "$(ping_ms)" le 15
as "$op" GET "/v1/faults/$id"; is "it is gone" 404 '.detail | test("no fault")'

# --- who is refused what ---
f='{"kind":"loss","targets":["netns:flt-a"],"params":{"percent":"1%"},"for":"10s"}'
while read -r none lookup operate method path body; do
	for who in "none $none" "look $lookup" "op $operate"; do
		t=; [ "${who% *}" = none ] || t=${who% *}
		as "${t:+${!t}}" "$method" "$path" "${body:-}"
		is "${who% *}: $method $path" "${who#* }" true
	done
done <<'E'
401 200 200 GET /v1/me
401 200 200 GET /v1/faults
401 200 200 GET /v1/kinds
401 200 200 GET /v1/halt
401 200 200 GET /v1/runs
401 200 200 GET /v1/openapi.json
401 403 200 GET /v1/audit
401 403 422 POST /v1/faults {}
401 403 422 POST /v1/dry-runs {}
401 403 404 PATCH /v1/faults/zzzzzz.1 {"params":{"delay":"1ms"}}
401 403 404 DELETE /v1/faults/zzzzzz.1
401 403 403 POST /v1/allow {}
401 404 404 GET /v1/runs/none
404 404 404 GET /v1/runs/..%2f..%2fetc/report
404 404 404 GET /v1/nothing
405 405 405 PUT /v1/faults
E
as flt_0000 POST /v1/halt '{}'; is "a token that is not known" 401 true
as "$expired" GET /v1/me; is "one that has expired" 401 '.detail | test("expired")'
as "$narrow" POST /v1/faults "${f/loss/latency}"; is "a kind that is not of the token" 403 '.detail | test("only network_loss")'
as "$narrow" POST /v1/faults "${f/flt-a/x}"; is "a target that is not of the token" 403 '.detail | test("netns:flt-a")'
for p in '"forever":true' '"allow_host_interface":true'; do
	as "$op" POST /v1/faults "{\"kind\":\"loss\",\"targets\":[\"netns:flt-a\"],\"params\":{\"percent\":\"1%\"},$p}"
	is "operate may not: $p" 403 true
done
for p in allow-host-root allow_host_root; do
	as "$op" POST /v1/faults "{\"kind\":\"disk_fill\",\"targets\":[\"netns:flt-a\"],\"params\":{\"$p\":\"yes\"}}"
	is "operate may not: $p" 403 true
done
for p in '"targets":["--allow-host-interface"]' '"targets":["a,b"]' '"targets":[]' '"params":{"delay":"1ms\n"}' '"params":{"-x":"1"}' '"zebra":1'; do
	as "$op" POST /v1/faults "{\"kind\":\"latency\",\"targets\":[\"netns:flt-a\"],$p}"
	is "refused: $p" '4..' true
done
as "$op" POST /v1/faults '{"kind":'; is "no JSON" 400 '.line == 1'
"$FL" serve token remove look
as "$look" GET /v1/me; is "a token that was taken back" 401 true

# --- halt ---
as "$op" POST /v1/faults "$f"; is "one is on" 201 true
as "$op" POST /v1/halt '{"reason":"enough"}'; is "halt ends it" 200 '.halted and (.ended | length == 1)'
as "$op" POST /v1/faults "$f"; is "and refuses others, in the words of the command line" 409 '.detail | test("halted by .*token op.*enough")'
as "$adm" POST /v1/allow '{}'; is "an administrator allows them again" 200 true

# --- the audit log ---
as "$op" GET /v1/audit
is "who, from where, what, result" 200 'any(.who == "token op" and (.from | test("^127")) and .path == "/v1/faults" and .asked.kind == "latency" and .status == 201 and .result == "'"$id"'")'
is "also what was refused" 200 'any(.who == "token narrow" and .status == 403) and any(.who == null and .status == 401)'
check "it is root's" test "$(stat -c %a%u /var/lib/faultline/audit.jsonl)" = 6000
check "no token is anywhere in it, nor in the file of tokens" bash -c "! grep -q flt_ /var/lib/faultline/audit.jsonl /etc/faultline/tokens"

# --- the Unix socket ---
peer() { curl -s --unix-socket "$SOCKET" -o "$T/body" -w '%{http_code}' http://localhost/v1/me; }
check "root administers" test "$(peer; jq -r .role "$T/body")" = 200administer
check "others cannot even connect" test "$(setpriv --reuid 1234 --regid 1234 --clear-groups curl -s --unix-socket "$SOCKET" -w '%{http_code}' http://localhost/v1/me)" = 000
chmod 666 "$SOCKET"
check "and if they could, they are nobody" test "$(setpriv --reuid 1234 --regid 1234 --clear-groups curl -s --unix-socket "$SOCKET" -o "$T/o" -w '%{http_code}' http://localhost/v1/me)" = 401

# --- suites, runs ---
curl -s -H "Authorization: Bearer $op" -H 'Content-Type: application/yaml' --data-binary $'name: x\nexperiments:\n  - name: a\n    fault_typ: latency\n' "$URL/v1/suites/check" >"$T/body"; code=200
is "a suite's problems by line and column" 200 '.. | objects | select(.line? == 4 and .column? == 5)' 
python3 "$TOP/tests/golden/make_run.py" "$T/runs/demo-1"
as "$op" GET /v1/runs; is "runs" 200 '.[0].name == "demo-1"'
as "$op" GET /v1/runs/demo-1; is "the scoreboard of one" 200 true
echo '# hello' >"$T/runs/demo-1/chaos_report.md"
as "$op" GET /v1/runs/demo-1/report; check "its report" grep -qx '# hello' "$T/body"
ln -sf /etc/shadow "$T/runs/demo-1/chaos_report.md"
as "$op" GET /v1/runs/demo-1/report; is "a report that is a link elsewhere" 404 true

# --- OpenAPI, and the table of routes ---
as "$op" GET /v1/openapi.json
is "an OpenAPI document" 200 '.openapi == "3.1.0" and (.paths | length > 12) and .components.securitySchemes.token.scheme == "bearer"'
check "every reference in it leads somewhere" jq -e '. as $d | [.. | objects | .["$ref"]? // empty | ltrimstr("#/") | split("/")] | all(. as $p | $d | getpath($p) != null)' "$T/body"
cp "$T/body" "$T/openapi"
jq -r '.paths | to_entries[] | .key as $p | .value | keys[] | "\(ascii_upcase) \($p)"' "$T/openapi" | while read -r method path; do
	as flt_none "$method" "$(sed 's/{[a-z]*}/x/' <<<"$path")"
	[ "$code" = 401 ] || echo "$method $path $code"
done >"$T/routes"
nothing "every operation of it is there" "$(cat "$T/routes")"
check "and all that is there is in it" test "$(jq '[.paths[] | keys[]] | length' "$T/openapi")" = "$(grep -c '^	{ "[A-Z]*", "/v1' "$TOP/user/serve/routes.c")"
check "docs/serve.md names every one" bash -c "! jq -r '.paths | keys[]' '$T/openapi' | while read -r p; do grep -qF \"\$p\" '$TOP/docs/serve.md' || echo \"\$p\"; done | grep ."
as "$op" GET /v1/kinds
check "kinds: those of inject" test "$(jq length "$T/body")" = "$("$FL" inject --help | grep -c '^  [a-z]')"

# --- what the process that speaks HTTP is ---
front=$(pgrep -x fl-serve)
st=/proc/$front/status
check "no capability, in any set" test "$(awk '/^Cap/ { print $2 }' $st | sort -u)" = 0000000000000000
check "no_new_privs, seccomp, a user of its own" bash -c "grep -q 'NoNewPrivs:.1' $st && grep -q 'Seccomp:.2' $st && [ \$(awk '/^Uid/ { print \$2 }' $st) -gt 1000 ]"
check "an empty root" test -z "$(ls -A /proc/"$front"/root/)"
check "a network without anybody in it" bash -c "[ \$(readlink /proc/$front/ns/net) != \$(readlink /proc/self/ns/net) ]"
check "the page comes with a policy that runs no script of others" bash -c "curl -si $URL/ | grep -i '^content-security-policy: default-src .none.; script-src .self.;'"
nothing "no page puts text in as markup" "$(grep -nE 'innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function| style=| on[a-z]+="' "$TOP"/user/serve/web/*.js "$TOP"/user/serve/web/index.html)"
serve_end
check "its socket is gone" test ! -e "$SOCKET"
rm -rf /etc/faultline/tokens /var/lib/faultline/audit.jsonl /run/faultline-serve

# --- with a group ---
{ grep -v '^faultline:' /etc/group; echo faultline:x:4242:; } >"$T/group"
mount --bind "$T/group" /etc/group
"$FL" serve token remove first >/dev/null 2>&1
serve_begin
chmod 755 "$T" && touch "$T/o" && chmod 666 "$T/o"
role() { setpriv --reuid 1234 --regid 1234 "$@" curl -s --unix-socket "$SOCKET" http://localhost/v1/me | jq -r .role; }
check "a member of the group operates" test "$(role --groups 4242)" = operate
check "whose first group it is, too" test "$(setpriv --reuid 1234 --regid 4242 --clear-groups curl -s --unix-socket "$SOCKET" http://localhost/v1/me | jq -r .role)" = operate
check "others cannot connect" test -z "$(role --groups 4243)"
serve_end
serve_begin --others-look
check "--others-look" test "$(role --clear-groups)" = look
serve_end
umount /etc/group
rm -rf /etc/faultline/tokens /run/faultline-serve

# --- where it does not listen ---
refused() { "$FL" serve "$@" >"$T/out" 2>&1; [ $? = 2 ]; }
check "--listen without a token" bash -c "! '$FL' serve --listen 0 >'$T/out' 2>&1 && grep -q 'token add' '$T/out'"
token x look >/dev/null
for where in 0.0.0.0:0 192.0.2.1:80 '[::]:0' ':80' 1.2.3.4.5:1; do check "--listen $where" refused --listen "$where"; done
check "it says what to do" grep -q 'ssh -L' <("$FL" serve --listen 0.0.0.0:0 2>&1)
check "a name that is no name" refused token add 'a b' --role look
check "a role that is none" refused token add y --role root
chmod 666 /etc/faultline/tokens
check "tokens that others may write are not taken" bash -c "! '$FL' serve --listen 0"
rm -rf /etc/faultline/tokens /run/faultline-serve
