#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# lane: busy
# What is made out of the fault table agrees with it and with the loader: schema, completion, manual.
. "$(dirname "$0")/../lib.sh"
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }
check "make gen" make -s -C "$TOP" BUILD="$BUILD" gen
GEN=$BUILD/gen

# --- schema: valid FILE; each change makes it invalid, as it does for the loader ---
cat >"$T/valid.py" <<'END'
import json, sys, jsonschema, yaml
schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
for path in sys.stdin:
    wrong = [e.message for e in validator.iter_errors(yaml.safe_load(open(path.rstrip("\n"))))]
    print(wrong[0].replace("\n", " ")[:300] if wrong else "valid", flush=True)
END
# The system's python, which has Debian's packages; started once, for it takes long to start.
coproc VALID { exec /usr/bin/python3 "$T/valid.py" "$GEN/schema.json"; }
valid() {
	echo "$1" >&"${VALID[1]}"
	read -r _said <&"${VALID[0]}"
	[ "$_said" = valid ] || { echo "$_said"; return 1; }
}
for f in "$TOP"/experiments/*.yaml; do
	grep -q '^experiments:' "$f" || continue
	check "the schema takes $(basename "$f")" valid "$f"
done
cat >"$T/ok.yaml" <<'END'
suite: {baseline: 1s, probe: {url: 'http://127.0.0.1:1/', interval: 1s}}
experiments:
  - name: one
    hypothesis: success_rate >= 50%
    fault_type: latency
    params: {delay: 500ms, jitter: 5ms, distribution: normal, max-hits: 3}
    blast_radius: {target: 'netns:a', traffic: 0% (synthetic), duration: 4s}
    rollback: {automatic: true, trigger_when: success_rate < 1%, method: faultline stop}
    measurement: {metrics: [success_rate, p99], capture_window: t-1s to t+1s}
    ground_truth: {root_service: a}
END
check "the schema takes a plain one" valid "$T/ok.yaml"
check "... and so does the loader" "$FL" check "$T/ok.yaml"
# (To a reader of YAML 1.1, as this one, on and off without quotes are truth values.)
while IFS= read -r value; do
	sed "s|delay: 500ms|delay: $value|" "$T/ok.yaml" >"$T/scheduled.yaml"
	check "both take the schedule $value" sh -c "'$FL' check '$T/scheduled.yaml'" && check "... and the schema does" valid "$T/scheduled.yaml"
done <<'END'
{ramp: 0ms..500ms, over: 10min}
{pulse: 200ms, "on": 5s, "off": 20s}
ramp:0ms..500ms/10min
END
n=0
while IFS='|' read -r what change; do
	sed "$change" "$T/ok.yaml" >"$T/bad.yaml"
	"$FL" check "$T/bad.yaml" >/dev/null 2>&1; loader=$?
	valid "$T/bad.yaml" >/dev/null 2>&1; schema=$?
	if ! cmp -s "$T/ok.yaml" "$T/bad.yaml" && [ $loader = 2 ] && [ $schema != 0 ]; then ok "both refuse $what"; else
		not_ok "both refuse $what (loader $loader, schema $schema)"
	fi
	n=$((n + 1))
done <<'END'
an unknown kind|s/: latency/: latensy/
an unknown parameter|s/jitter/jiter/
a parameter of another kind|s/jitter: 5ms/nth: 5/
a word that is no choice|s/normal/nrmal/
a schedule with a time too few|s/delay: 500ms/delay: {ramp: 0ms..500ms}/
a schedule of what is not live|s/max-hits: 3/seed: {ramp: 1..2, over: 1s}/
a number out of bounds|s/max-hits: 3/max-hits: -3/
an unknown key|s/hypothesis:/hypotesis:/
a missing one|/rollback:/d
an unknown key of the suite|s/baseline/base_line/
a duration without a unit|s/interval: 1s/interval: 1/
no experiments|/experiments:/,$d
END
same "all of them were tried" $n 12
sed 's/: latency/: delay/' "$T/ok.yaml" >"$T/alias.yaml"
check "an alias is known, with its parameters" valid "$T/alias.yaml"

# --- completion ---
# complete WORD...: what bash would offer for the last one.
complete_words() {
	PATH=$BUILD:$PATH bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _faultline; printf "%s " "${COMPREPLY[@]}"' sh "$GEN/faultline.bash" faultline "$@"
}
check "completion is bash" bash -n "$GEN/faultline.bash"
same "commands" "$(complete_words rec)" "recover "
same "kinds" "$(complete_words inject late)" "latency "
same "options of the kind" "$(complete_words inject latency x --jit)" "--jitter "
same "and no others" "$(complete_words inject latency x --hits)" " "
same "words of an option" "$(complete_words inject latency x --distribution pareton)" "paretonormal "
same "every kind has its options" "$(for k in $("$FL" inject --help | sed -n '/^Kinds:/,$p' | awk 'NR > 1 {print $1}'); do complete_words inject "$k" x --det; done | xargs | tr ' ' '\n' | sort -u)" "--detach"

same "a command's options, and those it shares" "$(complete_words score --o)$(complete_words report --l)" "--output --lang "
same "words of an option, behind = too" "$(complete_words report --lang v)$(complete_words report --export=r)" "vi --export=rcaeval "
same "units behind a number" "$(complete_words inject latency x --delay 2m)$(complete_words inject loss x --percent 3)$(complete_words inject bandwidth x --rate 1k)$(complete_words inject memory x --bytes 5Mi)" "2ms 2min 3% 1kbit 5MiB "
same "before the number no unit, but the forms of a schedule" "$(complete_words inject latency x --delay '')" "ramp: steps: pulse: sine: replay: "
same "ways to name a target" "$(complete_words inject latency u)$(complete_words inject latency netn)" "unit: netns: "
ip netns add flt-comp && _nets="$_nets flt-comp"
same "what is there of them" "$(complete_words inject latency netns:flt-c)" "netns:flt-comp "
same "... in a list" "$(complete_words inject latency a,netns:flt-c)" "a,netns:flt-comp "
mkdir -p "$T/d/sub" "$T/bin" && touch "$T/d/one.yaml" "$T/d/two.yml" "$T/d/three.json"
same "files by command: suites" "$(complete_words check "$T/d/" | xargs -n1 | sort | xargs)" "$T/d/one.yaml $T/d/sub/ $T/d/two.yml"
same "... whatever another tool writes" "$(complete_words import pumba "$T/d/th")" "$T/d/three.json "
same "... folders of runs" "$(complete_words history x "$T/d/")" "$T/d/sub/ "
same "... and two of them" "$(complete_words compare x "$T/d/")" "$T/d/sub/ "
same "formats of import" "$(complete_words import chaos | xargs -n1 | sort | xargs)" "chaos-mesh chaostoolkit"
same "verbs of the lab" "$(complete_words lab "do")" "down "
id=$("$FL" inject null netns:flt-comp --hits 1 --for 60s --detach)
same "ids" "$(complete_words stop "${id%.*}." )$(complete_words set "${id%.*}.")" "$id $id "
same "what may be changed of a fault" "$(complete_words set "$id" hit)" "hits= "
"$FL" stop --all >/dev/null
cat >"$T/bin/systemctl" <<'END'
#!/bin/sh
echo "nginx.service loaded active running A server"
echo "ssh.service   loaded active running Another"
END
chmod +x "$T/bin/systemctl"
same "units that run" "$(PATH="$T/bin:$PATH" complete_words inject latency unit: | xargs)" "unit:nginx unit:ssh"
check "every command and option is offered" python3 - "$FL" <<'END'
import re, subprocess, sys
fl = sys.argv[1]
run = lambda *a: subprocess.run([fl, *a], capture_output=True, text=True).stdout
offered = lambda *a: {l.split("\t")[0] for l in run("complete", *a).splitlines()}
commands = re.findall(r"^  ([a-z]+) ", run("--help").split("Commands:")[1].split("\n\n")[0], re.M)
assert len(commands) >= 19 and set(commands) <= offered(""), commands
for c in commands:
    words, help = ([c], run(c, "--help")) if c != "inject" else ([c, "latency", "x"], run(c, "latency", "--help"))
    options = set(re.findall(r"--[a-z][a-z-]+", "\n".join(l[:29] for l in help.splitlines() if l.lstrip().startswith("-")))) - {"--usage", "--version"}
    assert options and options <= offered(*words, "-"), (c, options - offered(*words, "-"))
END

# In the shells themselves, as a person would type it: the line after TAB.
mkdir "$T/home"
printf 'PS1="> "\nbind "set bell-style none"\n. %s\n' "$GEN/faultline.bash" >"$T/home/bashrc"
printf 'PS1="> "\nunsetopt beep\nfpath=(%s $fpath)\nautoload -Uz compinit && compinit -u -D\n' "$GEN" >"$T/home/.zshrc"
mkdir -p "$T/home/.config/fish/completions" && cp "$GEN/faultline.fish" "$T/home/.config/fish/completions/"
# WHAT|TEXT|LINE: what the line is after TEXT and TAB, in each shell.
cat >"$T/typed" <<'END'
a command|faultline rec|faultline recover
an option of a kind|faultline inject latency x --jit|faultline inject latency x --jitter
its words|faultline inject latency x --distribution pareton|faultline inject latency x --distribution paretonormal
behind =|faultline report --export=rc|faultline report --export=rcaeval
behind a colon|faultline inject null netns:flt-c|faultline inject null netns:flt-comp
a file of the command|faultline check on|faultline check one.yaml
END
readarray -t texts < <(cut -d'|' -f2 "$T/typed")
typists=() # they mostly wait for their shells, so all three type at once
for shell in bash zsh fish; do
	python3 "$TOP/tests/tools/type_tab.py" "$T/home" "$BUILD" "$T/d" $shell "${texts[@]}" >"$T/typed.$shell" &
	typists+=($!)
done
wait "${typists[@]}"
for shell in bash zsh fish; do
	readarray -t lines <"$T/typed.$shell"
	while IFS='|' read -r what _ line; do
		same "$shell: $what" "${lines[0]}" "$line"
		lines=("${lines[@]:1}")
	done <"$T/typed"
done

# --- install and uninstall ---
check "make install" make -s -C "$TOP" BUILD="$BUILD" install DESTDIR="$T/dest"
check_num "... puts files" "$(find "$T/dest" -type f | wc -l)" ge 15
check "zsh and fish find theirs" test -s "$T/dest/usr/local/share/zsh/site-functions/_faultline" -a -s "$T/dest/usr/local/share/fish/vendor_completions.d/faultline.fish"
touch "$T/dest/usr/local/share/faultline/mine"
check "make uninstall" make -s -C "$TOP" BUILD="$BUILD" uninstall DESTDIR="$T/dest"
same "... removes each of them, and nothing else" "$(find "$T/dest" -type f)" "$T/dest/usr/local/share/faultline/mine"

# --- the manual page ---
check "make man" make -s -C "$TOP" BUILD="$BUILD" man
pages=0
while read -r c _; do
	f=$GEN/faultline-$c.8
	missing=
	for part in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES "EXIT STATUS" "SEE ALSO"; do
		grep -A1 -E "^\\.SH( |\$)" "$f" 2>/dev/null | grep -qE "^(\.SH )?\"?$part\"?\$" || missing="$missing $part"
	done
	grep -q "^faultline-$c - ." "$f" && grep -q "faultline $c" "$f" || missing="$missing (its own name)"
	same "faultline-$c(8) has all its parts" "$missing" ""
	pages=$((pages + 1))
done < <("$FL" --help | sed -n '/^Commands:/,/^$/s/^  //p')
check_num "a page a command" $pages ge 20
for k in $("$FL" inject --help | sed -n '/^Kinds:/,$p' | awk 'NR > 1 {print $1}'); do
	grep -A1 '^\.SS$' "$GEN/faultline.8" | grep -qx "$k" || missing="${missing:-} $k"
done
same "the manual has every kind" "${missing:-}" ""
check "... and its sections" sh -c "grep -qx NAME '$GEN/faultline.8' && grep -qi 'exit status' '$GEN/faultline.8'"
nothing "a page with tables says so in its first line (man(1) runs tbl(1) for it)" \
	"$(for p in $(grep -l '^\.TS' "$GEN"/*.8); do [ "$(head -n 1 "$p")" = "'\\\" t" ] || echo "$p"; done)"
