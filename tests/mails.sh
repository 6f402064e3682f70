#!/usr/bin/env bash
# Writes every mail and text message in every language, and pictures of them: 390 and 600 pixels wide, light and dark. They go
# into screenshots/mails, which git ignores, or into the folder that is named. Needs Rust and Chromium.
set -euo pipefail
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../screenshots/mails}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ENTRYPASS_MAILS=$folder cargo test --locked --test it -- --exact mails::are_written_in_every_language
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
for sheet in "$folder"/sheet-*.html; do
    width=2730
    case $sheet in *-600-*) width=2400 ;; esac
    for scheme in 0:dark 1:light; do
        "${ENTRYPASS_TEST_CHROMIUM:-/usr/bin/chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --no-first-run \
            --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$profile" \
            --blink-settings=preferredColorScheme="${scheme%:*}" --allow-file-access-from-files \
            --window-size="$width,2700" --screenshot="${sheet%.html}-${scheme#*:}.png" "file://$sheet" 2>/dev/null
    done
done
echo "The mails and their pictures are in $folder; what is plain text is in texts.txt there"
