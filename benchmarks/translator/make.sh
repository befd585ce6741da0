#!/usr/bin/env bash
# The weights in the package from the photos, in one command; the same command again goes on.
#
#   bash benchmarks/translator/make.sh PHOTOS IMAGINED FACEKIT OUT [ecgan train options, such as --set steps=3000]
#
# PHOTOS has the class folders london and canada of benchmarks/README.md, IMAGINED photos and labels.jsonl of
# SFHQ and SFHQ-T2I (people who do not exist), FACEKIT is ict.npz. In OUT: people (sorted by eye), made_*
# (re-animated), D, D2 and DT (data of the recogniser and the translator), R1, R2 and their mean R (recogniser), T
# (translator), all begun from the weights in the package before (git has them); log.txt with the time of each
# step. OUT/R/snapshot and OUT/translator are the weights. benchmarks/README.md has the times.
# T needs VGG-16's ImageNet weights (benchmarks/imagenet_weights.py).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 4 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
photos=$1 imagined=$2 facekit=$3 out=$4
shift 4
card=$here/card.json
recognizer=$here/../../src/ecgan/presets/recognizer
start=$out/src/ecgan/weights
mkdir -p "$out"

step() {
    echo "$(date -u +%FT%TZ) $*" | tee -a "$out/log.txt"
    "$@"
}

reanimate() { # name of the pictures, then folders of neutral photos
    local name=$1
    shift
    step ecgan reanimate "$@" --facekit "$facekit" --out "$out/$name" --pictures 3 --spread 0 --seed 1 \
        --weakest 0.45 --strongest 1.15 --card "$card"
}

# The weights that these go on from: those in the package before.
[ -d "$start" ] || git -C "$here" archive de4a582 src/ecgan/weights | tar -x -C "$out"
python -c 'from ecgan.networks.vgg import resolve_weights; resolve_weights("vgg16", otherwise=None)'
[ -d "$out/people" ] || step python "$here/people.py" "$imagined" "$out/people"
reanimate made_imagined "$out/people/sources"
reanimate made_studio "$photos/london/neutral" "$photos/canada/neutral"
prepare() { # name of the data, then sources
    local name=$1
    shift
    step ecgan prepare "$@" --subject-pattern '(?P<subject>[^/_.]+)[^/]*$' --card "$card" --size 320 --out "$out/$name"
}

# Labels by eye are for the recogniser: a person's name there may stand for several people. The labels of D are
# sure; D2 has those on which one pass by eye was not.
prepare D "$out/made_imagined" "$out/made_studio" "$out/people/by_eye" "$photos/london"
prepare D2 "$out/made_imagined" "$out/made_studio" "$out/people/by_eye" "$out/people/by_two" "$photos/london"
prepare DT "$out/made_imagined" "$out/made_studio" "$photos/london"
# First all pictures alike; then the photos more often: they are what users have, and few.
step ecgan train-recognizer "$out/D" --out "$out/R1" --config "$recognizer/compact_robust.yaml" \
    --set "init=$start/recognizer"
step ecgan train-recognizer "$out/D2" --out "$out/R2" --config "$recognizer/compact_robust.yaml" \
    --set "init=$out/R1/snapshot" --set epochs=4 --set learning_rate=3e-4 \
    --set repeat.by_eye=5 --set repeat.by_two=5 --set repeat.london=3
step python "$here/average.py" "$out/D" "$out/R1" "$out/R2" "$out/R"
step ecgan train "$out/DT" --preset best --config "$here/translator.yaml" --out "$out/T" \
    --set "init=$start/translator" "$@"
# Strength 1 is the intensity at which an outside network sees the expression most often (intensities.py).
step python "$here/full_intensity.py" "$out/T/snapshot-last" "$out/translator" \
    angry=1.2 fear=1.2 disgust=1.2 --others 1.0
echo "$(date -u +%FT%TZ) done: $out/R/snapshot $out/translator" | tee -a "$out/log.txt"
