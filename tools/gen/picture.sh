#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# picture.sh FILE.dot - print it as SVG, by graphviz, in the reader's colours: light or dark.
set -eu
dot -Tsvg -Gbgcolor=transparent -Nfontname=sans-serif -Efontname=sans-serif -Efontsize=11 "$1" | sed \
	-e 's/ stroke="black"/ stroke="currentColor"/g; s/ fill="black"/ fill="currentColor"/g' \
	-e 's/<text /<text fill="currentColor" /' \
	-e '/^<g id="graph0"/i <style>svg { color: #222 } @media (prefers-color-scheme: dark) { svg { color: #ddd } }</style>'
