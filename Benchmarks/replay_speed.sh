#!/bin/sh
# How fast `kilter replay` goes over generated streams of 1,000 and of 200,000 agents, and how much of that is decoding.
#
#     replay_speed.sh [KILTER] [SPANS]       defaults: the release build of this checkout, 600000
#
# Each pair of runs (decoding alone, whole replay) is made in alternation, five times; medians of processor time.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
kilter=${1:-$here/../.build/release/kilter}
spans=${2:-600000}
[ -x "$kilter" ] || { echo "$kilter: not there; build it first: swift build -c release --product kilter" >&2; exit 66; }
for product in write-stream instruction-probe; do
  (cd "$here" && swift build -c release --product "$product" >&2)
done
binaries=$(cd "$here" && swift build -c release --show-bin-path)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
exec_speed() { python3 "$here/replay_speed.py" --kilter "$kilter" --probe "$binaries/instruction-probe" "$@"; }
for encoding in json protobuf; do
  for law in uniform zipf; do
    for agents in 1000 200000; do
      "$binaries/write-stream" --agents $agents --law $law --spans "$spans" --encoding $encoding "$folder/stream"
      exec_speed --label "$encoding, $agents agents $law" --encoding $encoding --memory "$folder/figures" "$folder/stream"
    done
  done
done
