#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# faultline score and report on the folder of a run: whole, torn, old, edited, missing.
. "$(dirname "$0")/../lib.sh"
run=$T/run
make_run() { rm -rf "$run" && python3 "$TOP/tests/golden/make_run.py" "$run"; }
make_run

"$FL" score "$run" >"$T/board"
check_num "a run that passes: exit 0" $? eq 0
check "the scoreboard is the golden one" diff "$TOP/tests/golden/scoreboard.txt" "$T/board"
check "score -o json" jq -e '.tp == 8 and .fn == 1 and .rca_correct == 6 and .accepted and (.gaps | map(.mode) | sort) == ["-", "7.3", "7.3", "7.4", "7.5"]' <("$FL" score -o json "$run")
jq '.[0].rca_correct = false | .[1].rca_correct = false | .[2].rca_correct = false' "$run/chaos_results.json" >"$T/worse" && mv "$T/worse" "$run/chaos_results.json"
"$FL" score "$run" >"$T/board"
check_num "a run that fails the acceptance: exit 1" $? eq 1

make_run
check "report writes three files" "$FL" report "$run"
for f in chaos_report.md SUBMIT.md report.html; do check "$f is there" test -s "$run/$f"; done
check "report.html is well-formed, every tag closed" python3 - "$run/report.html" <<'PY'
import sys
from html.parser import HTMLParser
VOID = {"meta", "wbr"}
class P(HTMLParser):
    stack, svgs = [], 0
    def handle_starttag(self, tag, attrs):
        self.svgs += tag == "svg"
        if tag not in VOID: self.stack.append(tag)
        for k, v in attrs:
            assert not (k in ("src", "href") and not v.startswith("#")), (tag, k, v)
    def handle_startendtag(self, tag, attrs): pass
    def handle_endtag(self, tag):
        assert self.stack and self.stack[-1] == tag, (tag, self.stack[-3:])
        self.stack.pop()
p = P(); p.feed(open(sys.argv[1], encoding="utf-8").read()); p.close()
assert not p.stack, p.stack
assert p.svgs == 20, p.svgs
PY
check "every SVG is well-formed XML without NaN" python3 - "$run/report.html" <<'PY'
import re, sys, xml.dom.minidom
page = open(sys.argv[1], encoding="utf-8").read()
for svg in re.findall(r"<svg.*?</svg>", page, re.S):
    xml.dom.minidom.parseString(svg.encode())
    assert "nan" not in re.sub(r">[^<]*<", "><", svg) and "inf" not in re.sub(r">[^<]*<", "><", svg)
PY
check "the analysis of each experiment has 80 to 150 words" python3 - "$run/chaos_report.md" <<'PY'
import re, sys
text = open(sys.argv[1], encoding="utf-8").read()
body = text.split("\n## 3.")[1].split("\n## 4.")[0]
parts = re.split(r"\n### [^\n]*\n", body)[1:]
assert len(parts) == 10, len(parts)
for p in parts: assert 80 <= len(p.split()) <= 150, (len(p.split()), p)
PY
check "the scoreboard in the report is the one that score prints" grep -qxF 'RCA correct: 6/8' "$run/chaos_report.md"
check "--lang vi" "$FL" report --lang vi "$run"
check "the Vietnamese texts are in it" grep -q 'Pipeline phát hiện được' "$run/chaos_report.md"
check "... also the gaps, with their numbers" grep -q 'RCA chọn frontend với 3 alert, còn gốc api-gateway có 1 và được nó gọi' "$run/chaos_report.md"
for said in 'RCA nêu checkout-svc (sai) với confidence 0.88' 'pipeline ngừng trả lời khi log-collector bị fault' '1 alert trong baseline window'; do
	check "... in report.html: $said" grep -qF "$said" "$run/report.html"
done
check "... and the truth" grep -qF 'gốc thật là frontend hoặc api-gateway' "$run/report.html"
check "no English gap is left in the page" bash -c "! grep -qE 'RCA blamed|RCA names|stopped answering|no rule of' '$run/report.html'"
check "SUBMIT.md asks its author in Vietnamese" grep -q 'Tác giả' "$run/SUBMIT.md"

legend() { grep -o "<ul class='legend'>.*</ul>" "$run/report.html"; }
check "the legend: the pipeline was watched, alerts came, nothing had a schedule" bash -c 'grep -q k-watch <<<"$1" && grep -q "alert\|báo" <<<"$1" && ! grep -q k-course <<<"$1"' - "$(legend)"

check "SUBMIT.md has the course's title only for the exercise" grep -q '^# Lần chạy cho thấy gì — ' "$run/SUBMIT.md"
cp -r "$run" "$T/class"
jq '.form = "exercise"' "$run/run.json" >"$T/class/run.json"
"$FL" report --force "$T/class" >/dev/null
check "... which it has there" grep -q '^# W3-D2 Submission — ' "$T/class/SUBMIT.md"

echo 'my own answer' >>"$run/SUBMIT.md"
"$FL" report "$run" >"$T/out"
check "an edited SUBMIT.md is kept and said so" grep -q 'SUBMIT.md.*kept' "$T/out"
check "... with what its author wrote" grep -q 'my own answer' "$run/SUBMIT.md"
check "the untouched report is made anew" grep -q 'The pipeline detected it' "$run/chaos_report.md"
"$FL" report --force "$run" >/dev/null
check "--force overwrites" bash -c "! grep -q 'my own answer' '$run/SUBMIT.md'"

# Without a pipeline a run still says whether the stack held.
mkdir "$T/alone" && cp "$run/run.json" "$T/alone/"
jq 'map(.pipeline_asked = false)' "$run/chaos_results.json" >"$T/alone/chaos_results.json"
"$FL" score "$T/alone" >"$T/out"
"$FL" report --force --lang en "$T/alone" >/dev/null
check "no pipeline: the legend says nothing of one" bash -c 'grep -q "after the fault" "$1" && ! grep -q "still watched" "$1"' - "$T/alone/report.html"
check "no pipeline: the hypotheses are told" grep -qxF -e '- payment_latency: refuted: order_success_rate ≥ 99.5% (it was 50 %)' "$T/out"
check_num "... all of them" "$(sed -n '/^Hypotheses:/,/^$/p' "$T/out" | grep -c '^- ')" eq 10
check "with one they are not, the board is about the pipeline" sh -c "! '$FL' score '$run' | grep -q '^Hypotheses:'"

# Results of others may not say what the truth was.
cp -r "$run" "$T/others"
jq 'map(if .number == 2 then .ground_truth = {must_detect: false} else .ground_truth = {} end)' "$run/chaos_results.json" >"$T/others/chaos_results.json"
"$FL" report --force --lang en "$T/others" >/dev/null
check "results without a truth: it is not recorded, and 'none' where nothing was to be reported" \
	test "$(grep -o 'the truth is n[a-z ]*' "$T/others/chaos_report.md" | sort | uniq -c | xargs)" = '1 the truth is none 8 the truth is not recorded'

# Two runs beside each other.
cp -r "$run" "$T/other"
jq 'del(.[4]) | .[0].detected = false | .[0].mttd_s = null' "$run/chaos_results.json" >"$T/other/chaos_results.json"
check "--beside writes one page" test "$("$FL" report "$run" --beside "$T/other")" = "$run/beside.html"
check "... of the class that the reports are: closed tags, no script, nothing asked for" python3 - "$run/beside.html" <<'PY'
import sys
from html.parser import HTMLParser
page = open(sys.argv[1], encoding="utf-8").read()
class P(HTMLParser):
    stack, svgs, ids, links, differs = [], 0, set(), set(), []
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        assert tag != "script"
        self.svgs += tag == "svg"
        self.ids.add(a.get("id"))
        if tag == "a": self.links.add(a["href"])
        if a.get("class") == "differs": self.differs.append(self.getpos())
        if tag not in ("meta", "br"): self.stack.append(tag)
        assert not any(k in ("src", "href") and not v.startswith("#") for k, v in attrs)
    def handle_startendtag(self, tag, attrs): pass
    def handle_endtag(self, tag): assert self.stack.pop() == tag
p = P(); p.feed(page); p.close()
assert not p.stack and p.svgs == 19, (p.stack, p.svgs)
assert {l[1:] for l in p.links} <= p.ids and len(p.links) == 10
assert len(p.differs) == 2, p.differs
assert page.count("not in this run") == 2
PY
rm "$run/beside.html"
"$FL" report "$run" --beside /nonexistent >/dev/null 2>"$T/err"
check_num "--beside a folder of no run" $? eq 2
check "... and nothing is written" test ! -e "$run/beside.html"

# What other benchmarks read.
check "--export rcaeval" "$FL" report --export rcaeval "$run"
check "a case of RCAEval: rows of a second, the injection inside, a column per service" python3 - "$run/rcaeval/payment-svc_latency/1" <<'PY'
import csv, os, sys
inject = int(open(sys.argv[1] + "/inject_time.txt").read().strip())
rows = list(csv.DictReader(open(sys.argv[1] + "/data.csv")))
t = [int(r["time"]) for r in rows]
assert t == list(range(t[0], t[0] + 211)), (t[0], len(t))  # 120 s baseline, 90 s watch
assert t[0] + 120 == inject
assert sum(int(r["payment-svc_alerts"]) for r in rows) == 2
assert sum(int(r["probe_failed"]) for r in rows) == 6
assert os.path.basename(os.path.dirname(sys.argv[1])).split("_") == ["payment-svc", "latency"]
PY
check "--export openrca" "$FL" report --export openrca "$run"
check "OpenRCA's criteria: five of eight components, seven of eight times" python3 - "$run/openrca" <<'PY'
import csv, datetime, re, sys
read = lambda n: list(csv.DictReader(open(f"{sys.argv[1]}/{n}.csv")))
record, query, prediction = read("record"), read("query"), read("prediction")
assert len(record) == len(query) == len(prediction) == 8, len(record)
fmt = "%Y-%m-%d %H:%M:%S"
times = components = 0
for r, q, p in zip(record, query, prediction):
    said = re.findall(r'{\s*(?:"root cause occurrence datetime":\s*"(.*?)")?,?\s*(?:"root cause component":\s*"(.*?)")?,?\s*}', p["prediction"])[0]
    want = re.findall(r"predicted root cause component is ([^\n]+)", q["scoring_points"])[0]
    when = re.findall(r"within 1 minutes \(i.e., <=1min\) of ([^\n]+)", q["scoring_points"])[0]
    assert want == r["component"] and when == r["datetime"]
    components += said[1] == want
    if said[0]:
        times += abs(datetime.datetime.strptime(said[0], fmt) - datetime.datetime.strptime(when, fmt)).total_seconds() <= 60
assert (components, times) == (5, 7), (components, times)
PY

# Bad input: a clear error, exit 2, nothing written.
bad() { # DESCRIPTION WORDS
	rm -f "$run/chaos_report.md"
	"$FL" report "$run" >"$T/out" 2>&1
	rc=$?
	if [ $rc = 2 ] && grep -q "$2" "$T/out" && [ ! -e "$run/chaos_report.md" ]; then ok "$1"; else
		not_ok "$1 (exit $rc)"
		sed 's/^/#   /' "$T/out"
	fi
}
head -c 3000 "$run/chaos_results.json" >"$T/torn" && cp "$T/torn" "$run/chaos_results.json"
bad "a truncated results file" 'chaos_results.json:[0-9]*:[0-9]*: it is no whole JSON'
echo '[{"id": "payment_latency", "detected": true}]' >"$run/chaos_results.json"
bad "a results file of an older version" 'entry 1 (payment_latency): it has no format 1: an older version'
rm "$run/chaos_results.json"
bad "no results file" 'hint: this is no folder of a run'
make_run && echo '{' >"$run/run.json"
bad "a broken run.json" 'run.json:.*no whole JSON'
make_run && printf '{"t": 17' >>"$run/events.jsonl" && printf '17600' >>"$run/probe.log"
check "torn last lines of events.jsonl and probe.log are no error" "$FL" report "$run"
check_num "... and both are mentioned" "$(grep -c '1 torn lines left out' "$run/chaos_report.md")" eq 2
make_run && rm "$run/run.json" "$run/probe.log" "$run/events.jsonl" "$run/baseline.json"
check "the results alone are enough" "$FL" report "$run"
check "what is missing is named, not made up" grep -q 'not recorded by this run' "$run/chaos_report.md"
usage() { "$FL" "$@" >"$T/err" 2>&1; [ $? = 2 ]; }
check "a language it does not speak: exit 2" usage report --lang fr "$run"
check "no folder: exit 2" usage score
check "two folders: exit 2" usage score "$run" "$run"

# --- of a sweep ---
python3 "$TOP/tests/golden/make_sweep.py" "$T/sweep" several
sed -i '0,/"param": "[a-z]*"/s//"param": "<script>p"/' "$T/sweep/sweep.json"
check "the report of a sweep" "$FL" report "$T/sweep"
check "... has no SUBMIT.md" test ! -e "$T/sweep/SUBMIT.md"
check "... the blind band" grep -q '^\*\*Users feel payment latency from .*: blind for a factor of ' "$T/sweep/chaos_report.md"
check "... a row a trial" test "$(grep -cE '^\| [0-9]+ \| ' "$T/sweep/chaos_report.md")" = 120
check "... the map" grep -qE '^\| payment-svc \| [0-9.]+ms / [0-9]+ms \| [0-9.]+ms / [0-9]+ms \|$' "$T/sweep/chaos_report.md"
check "... names of others are no markup" sh -c "! grep -q '<i>&' '$T/sweep/report.html' && grep -q '&lt;i&gt;&amp;svc' '$T/sweep/report.html' && grep -qF 'http\\|latency' '$T/sweep/chaos_report.md'"
pictures() { # FILE N: so many whole pictures without a script, each with both curves and every trial
	python3 - "$@" <<'PY'
import re, sys, xml.dom.minidom
page = open(sys.argv[1], encoding="utf-8").read()
pictures = re.findall(r"<svg.*?</svg>", page, re.S)
assert len(pictures) == int(sys.argv[2]), len(pictures)
assert "<script" not in page and "nan" not in page
for p in pictures:
    xml.dom.minidom.parseString(p)
    assert p.count("<path") == 3 and p.count("<circle") == 3 * 39 and "class='blind'" in p, p
PY
}
check "... pictures" pictures "$T/sweep/report.html" 3
rm -rf "$T/sweep" && python3 "$TOP/tests/golden/make_sweep.py" "$T/sweep" falling
check "a rate, in Vietnamese" "$FL" report "$T/sweep" --lang vi
check "... the smaller the worse" grep -qE '^\*\*Người dùng cảm nhận payment.latency từ [0-9.]+mbit .* trở xuống; pipeline báo' "$T/sweep/chaos_report.md"
check "... pictures" pictures "$T/sweep/report.html" 1
echo '{"sweeps": [{"name": 3}, 4, {"size": {"param": "x", "type": "rate", "range": [0, 1]}}]}' >"$T/sweep/sweep.json"
check "a sweep that is none" "$FL" report "$T/sweep" --force
check "... is said to be that" grep -q '^3 of the sweeps of sweep.json are not in a form that this version reads' "$T/sweep/chaos_report.md"

# Whose folder it is: the reason and the way out that are told are those of the step that failed.
make_run
chmod 755 "$T" "$run"
nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups timeout 20 "$FL" "$@" >"$T/out" 2>&1; }
said() { # DESCRIPTION PATTERN [NOT]
	check "$1" grep -q "$2" "$T/out"
	[ -z "${3:-}" ] || check "... and no other" sh -c "! grep -q '$3' '$T/out'"
}
nobody report "$run"
said "a folder that cannot be written: --out" '^  hint: --out DIR'
nobody report "$run" --out "$run/mine"
said "a folder that cannot be made, and it was named: no hint to name one" "cannot make directory $run/mine: Permission denied" 'hint: --out'
nobody report "$run" --export rcaeval
said "the folder above is the one that cannot be made" "cannot make directory .*: $run/rcaeval: Permission denied"
chmod 600 "$run/probe.log"
nobody report "$run" --out "$T/mine"
said "results that cannot be read: who may" 'hint: .*sudo' 'hint: --out'
