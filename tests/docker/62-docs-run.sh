#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The documents do what they say, where they want a Docker engine: the blocks that are marked so
# (tests/tools/doc_run.py; tests/cli/62-docs-run.sh runs all others).
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../docker.sh"
cd "$TOP" || exit 1
export T FL DOC_ENGINE=1
check "docker" docker_up
docker_image tiny

# --- containers as docker.md has them, and somebody who uses web ---
compose=com.docker.compose
docker run -d --name web tiny sleep 1000 >/dev/null
for p in shop old; do docker run -d --name $p-cart --label $compose.project=$p --label $compose.service=cart tiny sleep 1000 >/dev/null; done
bg ping -q -i 0.05 "$(docker_addr web)" >/dev/null

# --- a shop of five services, whose users come to port 8080 ---
mkdir -p "$T"/shop/{front,api,plain}/cgi-bin
cgi() { printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\n%s\n' "$2" >"$T/shop/$1/cgi-bin/$3"; chmod +x "$T/shop/$1/cgi-bin/$3"; }
# shellcheck disable=SC2016 # it is that shell's
get='get() { { printf "GET $2 HTTP/1.0\\r\\n\\r\\n"; sleep 0.1; } | nc -w 2 "$1" 80; }; '
cgi front "${get}get api /cgi-bin/order; get store /cgi-bin/keep" index.cgi
cgi api "${get}get auth /cgi-bin/keep; get stock /cgi-bin/keep" order
cgi plain 'echo kept' keep
cat >"$T/shop/compose.yaml" <<'END'
version: "3"
x-web: &web { image: tiny, restart: always, entrypoint: [httpd, -f, -p, "80", -h, /www] }
services:
  front: { <<: *web, volumes: ["./front:/www:ro"], ports: ["127.0.0.1:8080:80"] }
  api: { <<: *web, volumes: ["./api:/www:ro"] }
  auth: { <<: *web, volumes: ["./plain:/www:ro"] }
  stock: { <<: *web, volumes: ["./plain:/www:ro"] }
  store: { <<: *web, volumes: ["./plain:/www:ro"] }
END
bg sh -c 'while :; do curl -s -m 5 -o /dev/null http://127.0.0.1:8080/cgi-bin/index.cgi; sleep 0.1; done'

# --- two namespaces ---
mknet web 1
mknet db 2
for n in web db; do
	bg ip netns exec flt-$n sleep 1000
	wait_for 5 sh -c "ip netns pids flt-$n | grep -q ."
	ip netns attach $n "$(ip netns pids flt-$n | head -n 1)" && _nets="$n $_nets"
done

mkdir "$T/bin"
cp tests/tools/doc_faultline.sh "$T/bin/faultline"
printf '#!/bin/sh\nexec "$@"\n' >"$T/bin/sudo"
# What is installed here may be the older Compose, a program of its own.
# shellcheck disable=SC2016 # it is that shell's
printf '#!/bin/sh\n[ "$1" != compose ] || { shift; exec docker-compose "$@"; }\nexec %s "$@"\n' "$(command -v docker)" >"$T/bin/docker"
chmod +x "$T/bin/"*
# shellcheck disable=SC2046
python3 tests/tools/doc_run.py "$T/bin" $(grep -l '^<!-- engine -->' README.md docs/*.md docs/faults/*.md experiments/exercise/*.md) >"$T/pages.out" 2>&1
tap "$T/pages.out"
check_num "the commands were as many as there should be" "$(sed -n 's/^# \([0-9]*\) commands ran/\1/p' "$T/pages.out")" ge 12
"$FL" stop --everyone --yes >/dev/null 2>&1
