#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# tools/setup.sh without the network: the table of packages, which system is which, and with an apt of the
# test's own that units which a package enables do not stay so and that `undo` takes away just what came.
. "$(dirname "$0")/../lib.sh"
setup=$TOP/tools/setup.sh
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' is not '$3'"; fi; }

# --- the table ---
same "every line has a step, a name and a column a system" \
	"$(awk '!/^#/ && NF && (NF != 7 || $1 !~ /^(build|demo|demo-docker|test|vm|host|dev|cross)$/)' "$TOP/tools/setup/packages")" ""
for s in debian-12 debian-13 ubuntu-22.04 ubuntu-24.04 fedora arch; do
	same "$s: names of packages, each once" "$("$setup" list cross $s | grep -vxE '[A-Za-z0-9][A-Za-z0-9.+-]+'; "$setup" list cross $s | sort | uniq -d)" ""
	check_num "$s: as many as are needed" "$("$setup" list build $s | wc -l)" ge 18
done
same "a step has what the step before it has" "$("$setup" list demo debian-13 | head -n "$("$setup" list build debian-13 | wc -l)")" "$("$setup" list build debian-13)"
same "Debian 13 has its own compiler's runtime" "$("$setup" list test debian-13 | grep libclang-rt)" libclang-rt-19-dev

# --- which system is which: lines of os-release, then what is listed for the compiler's runtime ---
while IFS='|' read -r lines want; do
	printf '%b\n' "$lines" >"$T/os-release"
	same "$(printf '%b' "$lines" | tr '\n' ' ')" "$(OS_RELEASE=$T/os-release "$setup" list test | grep -E 'libclang|compiler-rt')" "$want"
done <<'END'
ID=debian\nVERSION_ID="12"|libclang-rt-14-dev
ID=debian\nVERSION_ID="13"|libclang-rt-19-dev
ID=debian|libclang-rt-19-dev
ID=ubuntu\nVERSION_ID="22.04"\nUBUNTU_CODENAME=jammy|libclang-common-14-dev
ID=ubuntu\nVERSION_ID="24.04"|libclang-rt-18-dev
ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\nUBUNTU_CODENAME=noble|libclang-rt-18-dev
ID=raspbian\nID_LIKE=debian\nVERSION_ID="12"|libclang-rt-14-dev
ID=rocky\nID_LIKE="rhel centos fedora"|compiler-rt
ID=arch|compiler-rt
END

# --- an apt of the test's own: "web" brings a unit, an init script and a user and needs "lib"; the rest is there ---
[ ! -d /etc/systemd ] || mount -t tmpfs tmpfs /etc/systemd
mkdir -p /etc/systemd/system /var/lib/systemd
mount -t tmpfs tmpfs /var/lib/systemd
mkdir -p "$T/bin" "$T/db" "$T/etc"
for f in passwd group; do cp /etc/$f "$T/etc/$f" && mount --bind "$T/etc/$f" /etc/$f; done
unit=/etc/systemd/system/multi-user.target.wants
mkdir -p $unit
ln -s /lib/systemd/system/mine.service $unit/mine.service
"$setup" list build debian-12 | grep -vx gcc | sed 's/$/ i 1/' >"$T/db/state"
echo 'lib c 1' >>"$T/db/state"
printf 'ID=debian\nVERSION_ID="12"\n' >"$T/os-release"
cat >"$T/bin/dpkg-query" <<END
#!/bin/bash
case "\$*" in
*Abbrev*) awk '\$2 == "i" {print "ii ", \$1}' "$T/db/state" ;;
-L*) [ "\$2" != gcc ] || echo /lib/systemd/system/web.service ;;
*) sed -e 's/ i / installed /' -e 's/ c / config-files /' "$T/db/state" ;;
esac
END
cat >"$T/bin/apt-get" <<END
#!/bin/bash
echo "\$*" >>"$T/calls"
case "\$*" in
'-s purge'*|'-s remove'*) for p in "\${@:3}"; do echo "Purg \$p [1]"; done; cat "$T/dependants" 2>/dev/null ;;
-s*) printf 'Inst gcc (2 Debian)\nInst lib (1 Debian)\nInst make [1] (2 Debian)\n' ;;
*install*)
	"$T/policy"; echo "policy \$?" >>"$T/calls"
	sed -i -e '/^lib /d' -e 's/^make i 1/make i 2/' "$T/db/state"
	printf 'gcc i 2\nlib i 1\n' >>"$T/db/state"
	ln -s /lib/systemd/system/web.service $unit/web.service
	echo 'webuser:x:990:990::/:/bin/false' >>/etc/passwd
	[ ! -e "$T/broken" ] || exit 100
	;;
*purge*gcc* | *remove*lib*) for p; do sed -i "/^\$p /d" "$T/db/state"; done ;;
esac
END
printf '#!/bin/bash\nexit 0\n' >"$T/bin/apt-cache"
cat >"$T/bin/userdel" <<END
#!/bin/bash
grep -v "^\$1:" /etc/passwd >"$T/p"
cat "$T/p" >/etc/passwd
END
printf '#!/bin/bash\n[ "$1" = --modversion ] && { echo 0.5; exit; }\n[ ! -e "%s/old" ]\n' "$T" >"$T/bin/pkg-config"
chmod +x "$T"/bin/*
try() { PATH=$T/bin:$PATH OS_RELEASE=$T/os-release SETUP_STATE=$T/record/setup SETUP_POLICY=$T/policy "$setup" "$@" >"$T/out" 2>&1; }
said() { if grep -qE -- "$2" "$T/out"; then ok "$1"; else not_ok "$1"; sed 's/^/#   /' "$T/out"; fi; }
before=$(cat "$T/db/state") links=$(ls $unit) users=$(cat /etc/passwd)

try -n build
said "-n says what it would install" '^to install: gcc'
said "... and how many with it" 'with 1 more .* 1 that are there are upgraded'
same "... and does nothing" "$(cat "$T/db/state")" "$before"
check "it installs" try build
said "... says first what" '^to install: gcc'
said "... and what it left disabled" 'left disabled: web.service'
same "the units that are enabled are those that were" "$(ls $unit)" "$links"
same "no daemon was started meanwhile" "$(grep policy "$T/calls")" 'policy 101'
check "policy-rc.d is gone" test ! -e "$T/policy"
same "what came is written down, with what was there of it" "$(cat "$T/record/setup/packages" | xargs)" 'gcc - lib c'
same "... and what was upgraded" "$(cat "$T/record/setup/upgraded")" 'make 1 2'
try build
same "a second time it says nothing" "$(cat "$T/out")" ""

touch "$T/old"
try build; same "a libbpf that is too old: status" "$?" 3
said "... and which one is" 'libbpf 0.5 is too old'
rm "$T/old"

# Somebody enables what came: it is theirs now.
ln -s /lib/systemd/system/web.service $unit/web.service
try -n undo
said "undo keeps a package whose unit is enabled now" 'kept: gcc, because web.service is enabled'
rm $unit/web.service
echo 'Remv other [1]' >"$T/dependants"
try undo; rc=$?
same "undo removes nothing that it did not install" "$rc $(grep -c '^gcc i' "$T/db/state")" '3 1'
said "... and says what is in the way" 'not installed by this script.*other'
rm "$T/dependants"
check "undo" try undo
said "... says what it removes" '^to remove: gcc lib'
said "... and what stays as it is now" 'stay upgraded: make'
same "configuration that was there before stays" "$(grep -oE '^-y.*(remove|purge) (lib|gcc)$' "$T/calls" | xargs)" '-y -q remove lib -y -q purge gcc'
same "users as before" "$(cat /etc/passwd)" "$users"
check "no record stays" test ! -e "$T/record"
try undo
said "a second undo has nothing to do" 'nothing was installed'

# An install that fails half-way is in the record as well, and leaves nothing enabled.
printf '%s\n' "$before" >"$T/db/state"
touch "$T/broken"
try build; same "an install that fails: status" "$?" 3
same "... nothing is enabled" "$(ls $unit)" "$links"
same "... what came is written down" "$(cut -d' ' -f1 "$T/record/setup/packages" | xargs)" 'gcc lib'

# --- no apt ---
mkdir "$T/none"
for p in sh awk sed cat grep dirname mktemp rm id env sort head; do ln -s "$(command -v $p)" "$T/none/$p"; done
echo ID=arch >"$T/os-release"
PATH=$T/none OS_RELEASE=$T/os-release "$setup" demo >"$T/out" 2>&1; same "a system without apt: status" "$?" 3
said "... the command is said" 'pacman -S'
said "... and that it was not tried" 'not been tried'
same "usage" "$("$setup" nonsense >/dev/null 2>&1; echo $?)" 2
umount /etc/passwd /etc/group /etc/systemd /var/lib/systemd
