#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Files and folders that somebody made to hurt: what reads them says so, in a second, and stands nowhere.
. "$(dirname "$0")/../lib.sh"
cd "$T" || exit 1
/usr/bin/python3 - <<'P'
s = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
for i in range(1, 9):
    s += "a%d: &a%d [%s]\n" % (i, i, ",".join(["*a%d" % (i - 1)] * 10))
open("bomb.yaml", "w").write("suite: {name: t}\n" + s + "experiments: *a8\n")
open("deep.yaml", "w").write("experiments: " + "[" * 100000 + "]" * 100000 + "\n")
open("deep.json", "w").write("[" * 200000)
P
mkfifo fifo
ln -s /dev/zero zero
mkdir dir

# says STATUS PATTERN ARGUMENT...: with that status, those words, and before long.
says() {
	timeout 20 "$FL" "${@:3}" >o 2>e </dev/null; r=$?
	if [ $r = "$1" ] && grep -qE "$2" e; then ok "${*:3}"; else not_ok "${*:3} (status $r)"; head -c 300 e | sed 's/^/#   /'; fi
}
says 2 'more than 10000 values once its aliases are followed' check bomb.yaml
says 2 'more than 10000 values' check deep.yaml
says 2 'the file is empty' check fifo
says 2 'too large: the limit is' check zero
says 2 'it is a directory' check dir
says 2 'more than 10000 values' import chaos-mesh bomb.yaml
says 2 'more than 10000 values' import chaostoolkit deep.json
says 2 'empty' import w3d2 fifo

# A folder of results.
result() { rm -rf run; mkdir run; for f in chaos_results.json run.json; do "$@" "run/$f"; done; }
result cp deep.json
for c in report score accept; do says 2 'no whole JSON|depth' $c run; done
result mkfifo
for c in report score; do says 2 'no whole JSON|empty' $c run; done
says 2 'no whole JSON|empty' history run run
result ln -s /dev/zero
for c in report accept; do says 2 'too large: the limit is' $c run; done

# What limits faults: none begins where it cannot be read, or could be anybody's.
bg sleep 100
mkdir -p /etc/faultline/protect.d
mkfifo /etc/faultline/protect.d/x.yaml
says 3 'cannot read /etc/faultline/protect.d/x.yaml' inject 'null' "pid:$BG_PID" --for 1s
rm /etc/faultline/protect.d/x.yaml
printf 'names: ["\033x"' >/etc/faultline/protect.d/x.yaml
says 2 'x.yaml:[0-9:]* not YAML' inject 'null' "pid:$BG_PID" --for 1s
rm /etc/faultline/protect.d/x.yaml
chmod 777 /etc/faultline/protect.d
says 3 'is not trusted: others than root may write' inject 'null' "pid:$BG_PID" --for 1s
rm -r /etc/faultline/protect.d

# A name that would be a line of its own in a list.
says 2 'control character in its name' inject 'null' "$(printf 'netns:a\nb.1 stopped')" --for 1s
