#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""SPDX 2.3 (JSON) of a static build: the Debian packages whose code the linker took, by its maps.

usage: sbom.py --root ROOT --arch ARCH --version V --epoch SECONDS [--licences FOLDER] MAP...

A map names each archive a member of which was linked. ROOT's dpkg database knows the package that an archive is of;
what was built from Debian's source is in ROOT/opt/portable/ARCH/from. Licences are those of Debian's copyright files,
whose names are turned into SPDX's, or into a LicenseRef where SPDX has none; a file that is not machine-readable gives
NOASSERTION. The files go to FOLDER.
An archive of which the package is not known is an error: an SBOM with a hole is none.
"""
import argparse
import json
import os
import re
import sys
import time

# Debian's short names that SPDX spells differently; None: not a licence of code that is linked.
SPDX = {
    "expat": "MIT", "mit": "MIT", "mit/x": "MIT", "x11": "X11", "zlib": "Zlib", "isc": "ISC", "curl": "curl",
    "apache-2.0": "Apache-2.0", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause",
    "bsd-2-clauses": "BSD-2-Clause", "bsd-3-clauses": "BSD-3-Clause", "public-domain": None,
    "gpl-2": "GPL-2.0-only", "gpl-2+": "GPL-2.0-or-later", "gpl-3+": "GPL-3.0-or-later", "gpl-3": "GPL-3.0-only",
    "gpl-2.0-or-later": "GPL-2.0-or-later", "lgpl-2": "LGPL-2.0-only", "lgpl-2+": "LGPL-2.0-or-later",
    "lgpl-2.1": "LGPL-2.1-only", "lgpl-2.1+": "LGPL-2.1-or-later", "lgpl-2.1-or-later": "LGPL-2.1-or-later",
    "lgpl-3": "LGPL-3.0-only", "lgpl-3+": "LGPL-3.0-or-later",
}
# Source package of what libs.sh compiles out of this tree (mnl.c, nss.c).
OWN = {"libmnl.a", "nss.o"}
BUILT = {"libcurl.a": "curl", "libmicrohttpd.a": "libmicrohttpd", "libeu.a": "elfutils", "libtre.a": "libtre-dev"}


def archives(maps):
    """The archives of which a member was linked."""
    found = set()
    for name in maps:
        with open(name, encoding="utf-8", errors="replace") as f:
            for line in f:
                if line.startswith("Discarded input sections") or line.startswith("Memory Configuration"):
                    break
                m = re.match(r"(/\S+\.a)\(\S+\)", line)
                if m:
                    found.add(os.path.normpath(m.group(1)))
    return found


def owners(root):
    """path -> (package, arch or None) by dpkg's lists of files."""
    info = os.path.join(root, "var/lib/dpkg/info")
    out = {}
    for name in sorted(os.listdir(info)):
        if name.endswith(".list"):
            package = name[:-5]
            with open(os.path.join(info, name), encoding="utf-8") as f:
                for line in f:
                    if line.rstrip("\n").endswith(".a"):
                        out[os.path.normpath(line.rstrip("\n"))] = package
    return out


def versions(root):
    """(package, arch) -> (version, source)."""
    out = {}
    with open(os.path.join(root, "var/lib/dpkg/status"), encoding="utf-8") as f:
        for stanza in f.read().split("\n\n"):
            field = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.M))
            if "Package" in field:
                source = field.get("Source", field["Package"]).split()[0]
                out[field["Package"], field["Architecture"]] = (field["Version"], source)
    return out


def inside(root, path):
    """The file that @path names in the root, its symbolic links followed there."""
    for _ in range(16):
        parts = path.strip("/").split("/")
        for i in range(1, len(parts) + 1):
            at = "/".join(parts[:i])
            full = os.path.join(root, at)
            if os.path.islink(full):
                to = os.readlink(full)
                path = os.path.normpath(os.path.join("/", os.path.dirname(at), to, *parts[i:]))
                break
        else:
            return os.path.join(root, *parts)
    raise OSError(f"{path}: too many symbolic links")


def licence(text, refs):
    """An SPDX expression of a machine-readable copyright file: what its paragraphs of files say, but Debian's own."""
    found = set()
    if not re.search(r"^Format: .*copyright-format", text, re.M):
        return "NOASSERTION"
    for stanza in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files: *(\S*)", stanza, re.M)
        name = re.search(r"^License: *(.+)$", stanza, re.M)
        if not files or not name or files.group(1).startswith(("debian/", "test", "doc")):
            continue
        for group in re.split(r"\s+and\s+|\s*,\s*", name.group(1).strip(), flags=re.I):
            terms = {spdx_name(t.strip(), refs) for t in re.split(r"\s+or\s+|\|", group, flags=re.I)} - {None}
            if terms:
                found.add(terms.pop() if len(terms) == 1 else "(" + " OR ".join(sorted(terms)) + ")")
    return " AND ".join(sorted(found)) or "NOASSERTION"


def spdx_name(name, refs):
    if name.lower() in SPDX:
        return SPDX[name.lower()]
    ref = "LicenseRef-Debian-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-")
    refs[ref] = name
    return ref


def linked_packages(o):
    """{name: (version, source, its copyright file)} of what the archives in o.maps belong to."""
    own, known = owners(o.root), versions(o.root)
    prefix = f"/opt/portable/{o.arch}"
    with open(o.root + prefix + "/from", encoding="utf-8") as f:
        from_source = dict(line.split() for line in f)
    linked = {}
    for path in sorted(archives(o.maps)):
        base = os.path.basename(path)
        if path.startswith("/src/") or path.startswith(prefix) and base in OWN:
            continue
        if path.startswith(prefix):
            name = BUILT.get(base)
            if not name or name not in from_source:
                sys.exit(f"sbom.py: {path}: of no package that libs.sh names")
            linked[name] = (from_source[name], name, f"{prefix}/copyright/{name}")
            continue
        owner = own.get(path) or own.get(path.replace("/usr/lib/", "/lib/", 1))
        if not owner:
            sys.exit(f"sbom.py: {path}: of no package of {o.root}")
        name, _, arch = owner.partition(":")
        match = [v for (n, a), v in known.items() if n == name and (not arch or a == arch)]
        linked[name] = match[0] + (f"/usr/share/doc/{name}/copyright",)
    if not linked:
        sys.exit("sbom.py: the maps name no archive")
    return linked


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--root", required=True)
    p.add_argument("--arch", required=True)
    p.add_argument("--version", required=True)
    p.add_argument("--epoch", type=int, required=True)
    p.add_argument("--licences")
    p.add_argument("maps", nargs="+")
    o = p.parse_args()
    linked, refs = linked_packages(o), {}
    packages = [{
        "SPDXID": "SPDXRef-Package-faultline", "name": "faultline", "versionInfo": o.version,
        "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "GPL-2.0-only",
        "licenseDeclared": "GPL-2.0-only", "copyrightText": "NOASSERTION", "primaryPackagePurpose": "APPLICATION",
    }]
    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                  "relatedSpdxElement": "SPDXRef-Package-faultline"}]
    for name, (version, source, copyright_file) in sorted(linked.items()):
        with open(inside(o.root, copyright_file), encoding="utf-8", errors="replace") as f:
            text = f.read()
        if o.licences:
            os.makedirs(o.licences, exist_ok=True)
            with open(os.path.join(o.licences, name), "w", encoding="utf-8") as f:
                f.write(text)
        declared = licence(text, refs)
        ref = "SPDXRef-Package-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)
        packages.append({
            "SPDXID": ref, "name": name, "versionInfo": version, "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False, "licenseConcluded": "NOASSERTION", "licenseDeclared": declared,
            "copyrightText": "NOASSERTION", "supplier": "Organization: Debian",
            "sourceInfo": f"Debian source package {source}, version {version}; licence by Debian's copyright file",
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:deb/debian/{name}@{version.replace('+', '%2B')}?arch={o.arch}"}],
        })
        relations.append({"spdxElementId": "SPDXRef-Package-faultline", "relationshipType": "STATIC_LINK",
                          "relatedSpdxElement": ref})
    json.dump({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"faultline-{o.version}-linux-{o.arch}",
        "documentNamespace": f"https://spdx.org/spdxdocs/faultline-{o.version}-linux-{o.arch}-{o.epoch}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(o.epoch)),
                         "creators": ["Tool: faultline-sbom"]},
        "packages": packages, "relationships": relations,
        "hasExtractedLicensingInfos": [
            {"licenseId": ref, "name": name, "extractedText": f"Called {name!r} by the Debian copyright file of a package above."}
            for ref, name in sorted(refs.items())],
    }, sys.stdout, indent=1)
    print()


main()
