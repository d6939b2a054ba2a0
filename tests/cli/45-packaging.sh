#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The parts of `make dist` that need no build root: archives and images have the same bytes whenever and wherever they
# are made, an image is what it says it is, and an SBOM has no hole.
. "$(dirname "$0")/../lib.sh"
P=$TOP/tools/packaging
epoch=1700000000

# An archive of the same content made on two days by people of different umasks.
for i in 1 2; do
	(
		[ $i = 1 ] && umask 022 || umask 002
		a=$T/$i/faultline-9-linux-amd64
		mkdir -p "$a"/{sbin,libexec/faultline,share/{faultline/experiments,doc/faultline/licences}}
		echo program >"$a/sbin/faultline"
		chmod 755 "$a/sbin/faultline"
		echo lab >"$a/libexec/faultline/lab-load"
		echo terms >"$a/share/doc/faultline/LICENSE"
		echo suite >"$a/share/faultline/experiments/demo.yaml"
		[ $i = 1 ] || touch -d 2001-01-01 "$a/sbin/faultline"
	)
	"$P/tar.sh" "$T/$i" faultline-9-linux-amd64 $epoch | gzip -9n >"$T/$i.tar.gz"
	"$P/image.py" "$T/$i.tar.gz" arm64 9 $epoch "$T/$i.image"
done
check "an archive depends on its content alone" cmp "$T/1.tar.gz" "$T/2.tar.gz"
check "so does an image" cmp "$T/1.image" "$T/2.image"

cat >"$T/read.py" <<'Y'
import gzip, hashlib, io, json, sys, tarfile
image = {e.name: tarfile.open(sys.argv[1]).extractfile(e).read() for e in tarfile.open(sys.argv[1]) if e.isfile()}
def blob(d):
    data = image["blobs/sha256/" + d["digest"].split(":")[1]]
    assert hashlib.sha256(data).hexdigest() == d["digest"].split(":")[1] and len(data) == d["size"], d
    return data
manifest = json.loads(blob(json.loads(image["index.json"])["manifests"][0]))
config, packed = json.loads(blob(manifest["config"])), blob(manifest["layers"][0])
old, = json.loads(image["manifest.json"])
assert image[old["Config"]] == blob(manifest["config"]) and image[old["Layers"][0]] == packed
assert old["RepoTags"] == ["faultline:9"] and config["architecture"] == "arm64"
layer = gzip.decompress(packed)
assert config["rootfs"]["diff_ids"] == ["sha256:" + hashlib.sha256(layer).hexdigest()]
files = tarfile.open(fileobj=io.BytesIO(layer))
assert all(not e.uid and not e.gid and (not e.mode & 0o022 or e.issym() or e.name == "tmp") for e in files)
names = set(files.getnames())
assert "usr/local/share/faultline/experiments/demo.yaml" in names and not any("lab-load" in n for n in names), names
program = files.getmember("usr/local/sbin/faultline")
assert program.mode == 0o755 and "/" + program.name == config["config"]["Entrypoint"][0]
Y
check "an image: digests, sizes, form of docker save and of OCI, what is in the layer" python3 "$T/read.py" "$T/1.image"
rm "$T/1/faultline-9-linux-amd64/sbin/faultline"
"$P/tar.sh" "$T/1" faultline-9-linux-amd64 $epoch | gzip -9n >"$T/none.tar.gz"
check "an archive without the program makes no image" bash -c "! '$P/image.py' '$T/none.tar.gz' amd64 9 $epoch '$T/none.image' && [ ! -e '$T/none.image' ]"

# A root with one package of Debian's and one built from its source.
r=$T/root
mkdir -p "$r"/var/lib/dpkg/info "$r"/usr/share/doc/{libz5,libodd-dev} "$r"/opt/portable/amd64/copyright
printf 'Package: libz-dev\nArchitecture: amd64\nSource: zlib (1)\nVersion: 1:1.3+x\n\nPackage: libodd-dev\nArchitecture: amd64\nVersion: 2\n' >"$r/var/lib/dpkg/status"
echo /usr/lib/x/libz.a >"$r/var/lib/dpkg/info/libz-dev:amd64.list"
echo /usr/lib/x/libodd.a >"$r/var/lib/dpkg/info/libodd-dev.list"
ln -s libz5 "$r/usr/share/doc/libz-dev"
f='Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'
printf '%s\n\nFiles: *\nLicense: Zlib\n\nFiles: debian/*\nLicense: GPL-3\n' "$f" >"$r/usr/share/doc/libz5/copyright"
echo 'free for all' >"$r/usr/share/doc/libodd-dev/copyright"
printf '%s\n\nFiles: *\nLicense: GPL-2+ or own-terms\n' "$f" >"$r/opt/portable/amd64/copyright/curl"
echo 'curl 8-1' >"$r/opt/portable/amd64/from"
printf '%s(a.o)\n' /usr/lib/x/../x/libz.a /usr/lib/x/libodd.a /opt/portable/amd64/lib/libcurl.a /opt/portable/amd64/lib/libmnl.a /src/build/libfaultline.a >"$T/map"
sbom() { "$P/sbom.py" --root "$r" --arch amd64 --version 9 --epoch $epoch --licences "$T/licences" "$1"; }
sbom "$T/map" >"$T/sbom"
has() { jq -e "$@" "$T/sbom"; }
check "an SBOM: what every SPDX 2.3 document has" has '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT"
	and (.documentNamespace | startswith("https://")) and .creationInfo.created == "2023-11-14T22:13:20Z"
	and ([.packages[] | .SPDXID, .name, .downloadLocation] | all(. != null))'
check "it names each package linked, with version and licence" has '[.packages[] | [.name, .versionInfo, .licenseDeclared]] ==
	[["faultline", "9", "GPL-2.0-only"], ["curl", "8-1", "(GPL-2.0-or-later OR LicenseRef-Debian-own-terms)"],
	["libodd-dev", "2", "NOASSERTION"], ["libz-dev", "1:1.3+x", "Zlib"]]'
check "and explains the licences that SPDX has no name for" has '[.hasExtractedLicensingInfos[].licenseId] == ["LicenseRef-Debian-own-terms"]'
check "every relationship is between things that it has" has '([.packages[].SPDXID] + ["SPDXRef-DOCUMENT"]) as $ids |
	.relationships | length == 4 and all(.spdxElementId as $a | .relatedSpdxElement as $b | ($ids | index($a)) and ($ids | index($b)))'
check "the copyright files are kept" grep -q 'free for all' "$T/licences/libodd-dev"
echo '/usr/lib/x/libwho.a(a.o)' >>"$T/map"
check "an archive of unknown origin is an error, not a hole" bash -c "! '$P/sbom.py' --root '$r' --arch amd64 --version 9 --epoch 1 '$T/map'"
: >"$T/empty"
check "and so is a map that names nothing" bash -c "! '$P/sbom.py' --root '$r' --arch amd64 --version 9 --epoch 1 '$T/empty'"
