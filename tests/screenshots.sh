#!/usr/bin/env bash
# Makes a picture of every page of the dashboard, of visitors, of the sandbox and of the API's description: 390, 768 and
# 1440 pixels wide, light and dark. They go into screenshots/, which git ignores, or into the folder that is named.
# Needs Rust, Chromium and its driver, as tests/run.sh installs them.
set -euo pipefail
folder=$(realpath -m "${1:-$(dirname "${BASH_SOURCE[0]}")/../screenshots}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export ENTRYPASS_SCREENSHOTS=$folder
export ENTRYPASS_TEST_CHROMEDRIVER=${ENTRYPASS_TEST_CHROMEDRIVER:-/usr/bin/chromedriver}
export ENTRYPASS_TEST_CHROMIUM=${ENTRYPASS_TEST_CHROMIUM:-/usr/bin/chromium}
cargo test --locked --test it -- --exact sqlite::browser_pages::pictures_of_every_page
echo "The pictures are in $folder"
