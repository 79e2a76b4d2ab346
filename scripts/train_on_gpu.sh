#!/usr/bin/env bash
# What a GPU is wanted for, at once on one of them: the encoder that ships, and one that never saw the recordings of
# `loglm evaluate attack`, fine-tuned for each fold and seed of that benchmark. Five to ten minutes of an H100, by the rates of its parts.
#
#   scripts/train_on_gpu.sh INPUT OUT [SIZE] [STEPS]
#
# INPUT holds, made on any machine:
#   shipped/   scripts/pretrain_shipped_encoder.py --data DATA --run INPUT/shipped --steps 0
#   unseen/    the same with --no-recordings
#   windows    loglm evaluate attack --data DATA/attack --sigma RULES --windows INPUT/windows --baselines-only --quick
#   rules      RULES, the Sigma rules
#   intel/     DATA/intel
# OUT gets the two run folders, without checkpoints, the names that fine-tuned encoders gave, and the table.
set -euo pipefail
input=$1 out=$2 size=${3:-small} steps=${4:-2000}
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
mkdir -p "$out"

pretrain() { # RUN SIZE STEPS: 32,768 tokens a step
  python3 "$scripts/pretrain_shipped_encoder.py" --data "$input" --run "$1" --size "$2" --steps "$3" \
    --step-tokens 32768 --workers 1 > "$out/$2-$(basename "$1").log" 2>&1
  tar cf "$out/$2-$(basename "$1").tar" --exclude='*.pt' --exclude=tensorboard -C "$1" "$2"
}

pretrain "$input/shipped" "$size" "$steps" &
shipped=$!
pretrain "$input/unseen" nano 1000
python3 -m loglm evaluate attack --data "$input" --windows "$input/windows" --sigma "$input/rules" \
  --attack-texts "$input/intel" --run "$input/unseen/nano" --encoder-tokens 3000000 --names "$out/names" --own-only --workers 5 \
  --csv "$out/attack.csv" > "$out/attack.txt"
wait "$shipped"
