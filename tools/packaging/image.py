#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""An image for `docker load` and `podman load` out of a portable archive, without an engine and without a registry.

usage: image.py ARCHIVE ARCH VERSION EPOCH OUT

OUT is a tar in the form of `docker save` (manifest.json, a config, one layer), which is an OCI image layout as well
(oci-layout, index.json, blobs/sha256). The layer has the program, the examples and the documentation of licences, on
the paths of the archive below /usr/local, and the empty folders that are mounted over; nothing else, no shell. The
embedded lab stays out: it wants a real host. The same archive and epoch give the same bytes.
"""
import gzip
import hashlib
import io
import json
import sys
import tarfile
import time

KEPT = ("sbin/faultline", "share/faultline/", "share/doc/faultline/LICENSE", "share/doc/faultline/licences")
FOLDERS = ("etc", "proc", "root", "run", "sys", "tmp", "usr", "usr/local", "usr/local/sbin", "usr/local/share",
           "usr/local/share/doc", "usr/local/share/doc/faultline", "usr/local/share/faultline", "var", "var/lib",
           "var/lib/faultline", "var/run")


def digest(data):
    return hashlib.sha256(data).hexdigest()


def entry(name, epoch, mode, kind=tarfile.REGTYPE, size=0):
    e = tarfile.TarInfo(name)
    e.mtime, e.mode, e.type, e.size = epoch, mode, kind, size
    return e


def layer(archive, epoch):
    out = io.BytesIO()
    wanted = {}
    with tarfile.open(archive) as src:
        for e in src:
            name = e.name.partition("/")[2]
            if e.isfile() and name.startswith(KEPT):
                wanted["usr/local/" + name] = (e.mode, src.extractfile(e).read())
    if "usr/local/sbin/faultline" not in wanted:
        sys.exit(f"image.py: {archive}: no sbin/faultline in it")
    wanted["etc/passwd"] = (0o644, b"root:x:0:0:root:/root:/sbin/nologin\n")
    wanted["etc/group"] = (0o644, b"root:x:0:\n")
    folders = set(FOLDERS)
    for name in wanted:
        while "/" in name:
            name = name.rpartition("/")[0]
            folders.add(name)
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as dst:
        for name in sorted(folders | set(wanted)):
            if name in wanted:
                mode, data = wanted[name]
                dst.addfile(entry(name, epoch, mode, size=len(data)), io.BytesIO(data))
            elif name == "var/run":
                e = entry(name, epoch, 0o777, tarfile.SYMTYPE)
                e.linkname = "/run"
                dst.addfile(e)
            else:
                dst.addfile(entry(name, epoch, 0o1777 if name == "tmp" else 0o755, tarfile.DIRTYPE))
    return out.getvalue()


def main():
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    archive, arch, version, epoch, out = sys.argv[1:]
    epoch = int(epoch)
    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    plain = layer(archive, epoch)
    packed = gzip.compress(plain, 9, mtime=0)
    config = json.dumps({
        "architecture": arch, "os": "linux", "created": created,
        "config": {
            "Entrypoint": ["/usr/local/sbin/faultline"], "Cmd": ["--help"], "WorkingDir": "/root",
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Labels": {"org.opencontainers.image.title": "faultline", "org.opencontainers.image.version": version,
                       "org.opencontainers.image.licenses": "GPL-2.0-only"},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(plain)]},
        "history": [{"created": created, "created_by": "tools/packaging/image.py"}],
    }, sort_keys=True).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "sha256:" + digest(config),
                   "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + digest(packed),
                    "size": len(packed)}],
    }, sort_keys=True).encode()
    tag = f"faultline:{version}"
    index = json.dumps({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + digest(manifest),
                       "size": len(manifest), "platform": {"architecture": arch, "os": "linux"},
                       "annotations": {"io.containerd.image.name": f"docker.io/library/{tag}",
                                       "org.opencontainers.image.ref.name": version}}],
    }, sort_keys=True).encode()
    files = {"blobs/sha256/" + digest(data): data for data in (config, manifest, packed)}
    files["index.json"] = index
    files["manifest.json"] = json.dumps([{
        "Config": "blobs/sha256/" + digest(config), "RepoTags": [tag],
        "Layers": ["blobs/sha256/" + digest(packed)]}], sort_keys=True).encode()
    files["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    with tarfile.open(out, "w", format=tarfile.USTAR_FORMAT) as dst:
        for name in ("blobs", "blobs/sha256"):
            dst.addfile(entry(name, epoch, 0o755, tarfile.DIRTYPE))
        for name, data in sorted(files.items()):
            dst.addfile(entry(name, epoch, 0o644, size=len(data)), io.BytesIO(data))


main()
