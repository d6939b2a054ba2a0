#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: long
# A foreign compose file of five services: planned by its file, checked, run, reported; without a word more than
# the documents have. And another project of the same service names beside it, which is none of it.
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
. "$TOP/tools/image-root.sh"
check "docker" docker_up
docker_image tiny
image_base "$T/root-redis" && image_put "$T/root-redis" "$(command -v redis-server)" && tar -C "$T/root-redis" -c . | docker import - redis >/dev/null

# Each page of front asks api, which asks the cache and auth; store keeps files on a volume of its own.
mkdir -p "$T/My Shop.v2/"{front,api,plain}/cgi-bin
cgi() { printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\n%s\n' "$2" >"$T/My Shop.v2/$1/cgi-bin/$3"; chmod +x "$T/My Shop.v2/$1/cgi-bin/$3"; }
# (The static busybox has a wget that cannot look names up; its nc says that it is done when its input ends, which would
# be a request without an answer.)
cgi front 'get() { { printf "GET $2 HTTP/1.0\r\n\r\n"; sleep 0.1; } | nc -w 2 "$1" 80; }; get api /cgi-bin/order; get store /cgi-bin/keep' index.cgi
cgi api '{ printf "PING\r\nQUIT\r\n"; sleep 0.1; } | nc -w 2 cache 6379; { printf "GET /token HTTP/1.0\r\n\r\n"; sleep 0.1; } | nc -w 2 auth 80' order
cgi plain 'echo kept' keep
echo t >"$T/My Shop.v2/plain/token"
cat >"$T/My Shop.v2/compose.yaml" <<'END'
version: "3"
x-web: &web { image: tiny, restart: always, entrypoint: [httpd, -f, -p, "80", -h, /www], mem_limit: 64m }
services:
  front.end: { <<: *web, volumes: ["./front:/www:ro"], networks: { default: { aliases: [front] } } }
  api: { <<: *web, volumes: ["./api:/www:ro"] }
  auth: { <<: *web, volumes: ["./plain:/www:ro"] }
  store: { <<: *web, volumes: ["./plain:/www:ro"], tmpfs: ["/data:size=8m"] }
  cache: { image: redis, restart: always, mem_limit: 64m, entrypoint: [redis-server, --bind, 0.0.0.0, --protected-mode, "no", --save, "", --dir, /tmp] }
END
cd "$T/My Shop.v2" || exit 1
check "docker-compose up" docker-compose -f compose.yaml up -d
docker run -d --name stranger --label com.docker.compose.project=other --label com.docker.compose.service=api tiny sleep 1000 >/dev/null
project=$(docker inspect -f '{{index .Config.Labels "com.docker.compose.project"}}' "$(docker-compose -f compose.yaml ps -q api)")
note "the project is called $project"
addr=$(docker_addr "$(docker-compose -f compose.yaml ps -q front.end)" "${project}_default")
page() { [ "$(curl -s -m 5 "http://$addr/cgi-bin/index.cgi" | grep -c 'PONG\|^t$\|kept')" = 3 ]; }
check "the shop is up" wait_for 20 page
bg sh -c "while :; do curl -s -m 5 -o /dev/null http://$addr/cgi-bin/index.cgi; sleep 0.05; done"

"$FL" plan compose.yaml --watch 8s --all --probe "http://$addr/cgi-bin/index.cgi" -o "$T/plan.yaml" >"$T/said" 2>"$T/err" || sed 's/^/# /' "$T/err"
check "a plan of the file" test -s "$T/plan.yaml"
check "... of its five services, and nobody else's" sh -c "[ \$(grep -cE '^    [a-z.]+: \"docker:$project/' '$T/plan.yaml') = 5 ] && ! grep -q 'docker:other' '$T/plan.yaml'"
for name in front.end-api-http_error api-auth-http_latency cache-cache_poisoning auth-time_skew store-disk_fill store-memory front.end-pause \
	api-cache-network_partition front.end-latency; do
	check "... $name" sh -c "grep -qx '    name: $name' '$T/plan.yaml' || { sed -n '/^suite:/q;p' '$T/plan.yaml'; false; }"
done
check "... lookups at Docker's own resolver are spoken of" grep -q '^#   dns_error: .*127.0.0.11' "$T/plan.yaml"
check "... who would be hit" grep -qE '^ +[0-9]+  api-latency: latency on api: [1-9][0-9]* process.*[0-9]+ connection' "$T/said"
check "check has no remark" sh -c "'$FL' check '$T/plan.yaml' | grep ' 0 errors, 0 warnings\$' || { '$FL' check '$T/plan.yaml'; false; }"
"$FL" plan --project "$project" --watch 5s --duration 6s --budget 60s --probe "http://$addr/cgi-bin/index.cgi" -o "$T/short.yaml" >/dev/null 2>&1
check "the same by the name of the project, for a minute" grep -q 'about [0-9]* s$' "$T/short.yaml"
"$FL" run "$T/short.yaml" --scale 0.3 --out "$T/run" >"$T/board" 2>"$T/err"
check "it runs, three times as fast" jq -e 'length >= 2 and all(.[]; .status != "failed" and .status != "skipped")' "$T/run/chaos_results.json"
check "... and without a pipeline nothing is said of alerts" sh -c "grep -q 'FAULT ON' '$T/err' && ! grep 'alert' '$T/err'"
check "report" "$FL" report "$T/run"
check "... is of the suite, which has the name of the project" grep -qx "# $project: chaos engineering report" "$T/run/chaos_report.md"
check "... and says of a pipeline that it was not asked, not that it saw nothing" sh -c "! grep 'nothing was detected' '$T/run/SUBMIT.md'"
"$FL" plan /nonexistent/compose.yaml >/dev/null 2>"$T/err"
check_num "no such file" $? ge 2
docker-compose -f compose.yaml stop -t 0 auth >/dev/null 2>&1
"$FL" plan compose.yaml --watch 2s -o "$T/four.yaml" >/dev/null 2>"$T/err"
check "a service that does not run is none of the plan" sh -c "grep -q 'docker:$project/api' '$T/four.yaml' && ! grep -q '/auth' '$T/four.yaml'"
check "... and is named" grep -q '^note: of the services of compose.yaml these do not run: auth$' "$T/err"
check "... in the file too" grep -q '^# NOTE: .* auth$' "$T/four.yaml"
docker-compose -f compose.yaml down -t 0 >/dev/null 2>&1
"$FL" plan compose.yaml >/dev/null 2>"$T/err"
check_num "a project that does not run" $? eq 3
check "... what to do" grep -q 'up -d' "$T/err"
cd "$TOP" || exit 1
