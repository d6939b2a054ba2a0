#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# libs.sh ARCH - inside the root of root.sh: what Debian has no fitting archive of, for one architecture (amd64,
# arm64, s390x), into /opt/portable/ARCH: lib/*.a, lib/pkgconfig, include; `from`: which Debian package each came from.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
arch=${1:?usage: libs.sh amd64|arm64|s390x}
triplet=$(dpkg-architecture -a"$arch" -qDEB_HOST_MULTIARCH 2>/dev/null)
prefix=/opt/portable/$arch
work=/opt/build
rm -rf "$prefix" "$work"
mkdir -p "$prefix"/{lib/pkgconfig,include,copyright} "$work"
cd "$work"
export CFLAGS="-O2 -fPIE -fstack-protector-strong -ffile-prefix-map=$work=." CC=$triplet-gcc
export PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig:/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig

list() { sed -n "s/^$1 //p" "$here/packages"; }

# The newest version of the release whose source the mirror has whole; another than the newest is said.
source_of() { # NAME
	local version newest=
	while read -r version; do
		: "${newest:=$version}"
		if apt-get -q source --download-only "$1=$version" >"$work/log" 2>&1; then
			[ "$version" = "$newest" ] || echo "libs.sh: $1 $newest: the mirror has not its source; $version is used" >&2
			dpkg-source --no-check -x "$1_${version#*:}.dsc" "$work/$1" >"$work/log" 2>&1
			echo "$1 $version" >>"$prefix/from"
			cp "$work/$1/debian/copyright" "$prefix/copyright/$1"
			return
		fi
	done < <(apt-cache showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -uVr)
	tail -n 5 "$work/log" >&2
	echo "libs.sh: no source of $1 is to be had" >&2
	exit 3
}

make_in() { # FOLDER ARGUMENT...
	local dir=$1
	shift
	{ (cd "$dir" && ./configure --host="$triplet" --prefix="$prefix" --disable-shared --enable-static "$@" &&
		make -j"$(nproc)" && make install); } >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
}

for name in $(list unpack); do
	apt-get -q download "$name:$arch" >"$work/log" 2>&1
	dpkg -x "$name"_*.deb "$work/$name"
	cp -rL "$work/$name"/usr/include/. "$prefix/include"
	cp "$work/$name/usr/lib/$triplet"/*.a "$prefix/lib" 2>/dev/null || true
	for pc in "$work/$name/usr/lib/$triplet"/pkgconfig/*.pc; do
		sed "s|^prefix=.*|prefix=$prefix|; s|^libdir=.*|libdir=$prefix/lib|; s|^includedir=.*|includedir=$prefix/include|" \
			"$pc" >"$prefix/lib/pkgconfig/${pc##*/}"
	done
	doc=$work/$name/usr/share/doc/$name
	if [ -L "$doc" ]; then # the copyright file is in the package that it points to
		other=$(readlink "$doc")
		apt-get -q download "$other:$arch" >"$work/log" 2>&1
		dpkg -x "$other"_*.deb "$work/$name"
	fi
	cp "$doc/copyright" "$prefix/copyright/$name"
	echo "$name $(dpkg-deb -f "$name"_*.deb Version)" >>"$prefix/from"
done
"$CC" $CFLAGS -I"$prefix/include" -c "$here/mnl.c" -o mnl.o
ar rcs "$prefix/lib/libmnl.a" mnl.o
"$CC" $CFLAGS -c "$here/nss.c" -o "$prefix/lib/nss.o"
# libuv's archive has a .pc of another name.
sed 's/^Name: .*/Name: libuv/' "/usr/lib/$triplet/pkgconfig/libuv-static.pc" >"$prefix/lib/pkgconfig/libuv.pc"

source_of curl
# HTTP and HTTPS, by name or through a Unix socket: what faultline and its lab ask for.
make_in curl --with-mbedtls --without-libpsl --without-libidn2 --without-nghttp2 --without-brotli --without-zstd \
	--without-zlib --without-librtmp --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt --without-ca-path \
	--disable-ftp --disable-file --disable-ipfs --disable-ldap --disable-ldaps --disable-rtsp --disable-dict \
	--disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp --disable-gopher \
	--disable-mqtt --disable-manual --disable-docs --disable-ntlm --disable-aws --disable-websockets \
	--disable-alt-svc --disable-hsts --disable-ares --enable-threaded-resolver
source_of libmicrohttpd
make_in libmicrohttpd --disable-https --disable-doc --disable-examples --disable-curl --disable-bauth --disable-dauth
source_of elfutils
# elfutils 0.192: libelf.a refers to its internal libeu.a, which no package has.
{ (cd elfutils && ./configure --host="$triplet" --disable-debuginfod --disable-libdebuginfod && make -C lib libeu.a); } \
	>"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; exit 1; }
cp elfutils/lib/libeu.a "$prefix/lib"
sed "s|^Libs: .*|& -L$prefix/lib -leu|" "/usr/lib/$triplet/pkgconfig/libelf.pc" >"$prefix/lib/pkgconfig/libelf.pc"
rm -rf "$work" "$prefix"/lib/*.la
