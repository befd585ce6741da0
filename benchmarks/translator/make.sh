#!/usr/bin/env bash
# The weights of the translator from the photos, in one command; the same command again goes on.
#
#   bash benchmarks/translator/make.sh PHOTOS FACEKIT OUT [ecgan train options, such as --set batch=8]
#
# PHOTOS has the class folders london and canada of benchmarks/README.md, FACEKIT is ict.npz. In OUT:
# reanimated*, D and D0 (data), S1 to S4 (stages), log.txt with the time of each step. OUT/S4/snapshot
# is the translator.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 3 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
photos=$1 facekit=$2 out=$3
shift 3
card=$here/../free_faces.card.json
mkdir -p "$out"

step() {
    echo "$(date -u +%FT%TZ) $*" | tee -a "$out/log.txt"
    "$@"
}

data() { # name, folder of pictures, further options of reanimate
    local name=$1 pictures=$2
    shift 2
    step ecgan reanimate "$photos/london/neutral" "$photos/canada/neutral" --facekit "$facekit" \
        --out "$out/$pictures" --pictures 2 --looks 3 --reshape 0.5 --card "$card" "$@"
    step ecgan prepare "$photos/london" "$photos/canada" "$out/$pictures" --card "$card" \
        --out "$out/$name"
}

stage() { # number, data, further options of train
    local number=$1 name=$2
    shift 2
    step ecgan train "$out/$name" --preset best --config "$here/stage$number.yaml" \
        --out "$out/S$number" "$@"
}

data D reanimated
data D0 reanimated0 --spread 0 --seed 1
stage 1 D "$@"
stage 2 D --set "init=$out/S1/snapshot" "$@"
stage 3 D --set "init=$out/S2/snapshot" "$@"
stage 4 D0 --set "init=$out/S3/snapshot" "$@"
echo "$(date -u +%FT%TZ) done: $out/S4/snapshot" | tee -a "$out/log.txt"
