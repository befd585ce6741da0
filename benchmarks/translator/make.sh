#!/usr/bin/env bash
# The weights in the package from the photos, in one command; the same command again goes on.
#
#   bash benchmarks/translator/make.sh PHOTOS FACEKIT OUT [ecgan train options, such as --set batch=8]
#
# PHOTOS has the class folders london and canada of benchmarks/README.md, FACEKIT is ict.npz. In OUT:
# reanimated*, D and D0 (data), R1 and R2 (recogniser), T, M and M2 (translator, its mouths),
# log.txt with the time of each step. OUT/R2/snapshot and OUT/translator are the weights. benchmarks/README.md
# has the times. M and M2 need VGG-16's ImageNet weights (benchmarks/imagenet_weights.py).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 3 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
photos=$1 facekit=$2 out=$3
shift 3
card=$here/../free_faces.card.json
recognizer=$here/../../src/ecgan/presets/recognizer
mkdir -p "$out"

step() {
    echo "$(date -u +%FT%TZ) $*" | tee -a "$out/log.txt"
    "$@"
}

data() { # name, size of the prepared images, folder of pictures, further options of reanimate
    local name=$1 size=$2 pictures=$3
    shift 3
    step ecgan reanimate "$photos/london/neutral" "$photos/canada/neutral" --facekit "$facekit" \
        --out "$out/$pictures" --pictures 2 --looks 3 --reshape 0.5 --card "$card" "$@"
    step ecgan prepare "$photos/london" "$photos/canada" "$out/$pictures" --card "$card" \
        --size "$size" --out "$out/$name"
}

python -c 'from ecgan.networks.vgg import resolve_weights; resolve_weights("vgg16", otherwise=None)'
data D 256 reanimated
data D0 320 reanimated0 --spread 0 --seed 1
step ecgan train-recognizer "$out/D" --out "$out/R1" --config "$recognizer/compact.yaml"
step ecgan train-recognizer "$out/D" --out "$out/R2" --config "$recognizer/compact_robust.yaml" \
    --set "init=$out/R1/snapshot"
step ecgan train "$out/D0" --preset best --config "$here/translator.yaml" --out "$out/T" \
    --set "discriminator.recognizer=$out/R2/snapshot" "$@"
step ecgan train "$out/D0" --preset best --config "$here/mouth.yaml" --out "$out/M" \
    --set "init=$out/T/snapshot" "$@"
step ecgan train "$out/D0" --preset best --config "$here/mouth.yaml" --out "$out/M2" \
    --set "init=$out/M/snapshot" --set seed=1 --set batch=1 --set steps=2400 "$@"
# Strength 1 of each recipe is an intensity at which validation people are recognised and near to themselves.
step python "$here/full_intensity.py" "$out/M2/snapshot" "$out/translator" \
    happy=0.9 angry=0.95 disgust=0.8 surprise=0.8 --others 0.85
echo "$(date -u +%FT%TZ) done: $out/R2/snapshot $out/translator" | tee -a "$out/log.txt"
