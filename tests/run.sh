#!/usr/bin/env bash
# The one test command: style, lints, documentation, licences and all tests, on both databases and
# in a browser. Needs Rust (with rustfmt and clippy); on Debian 12 or 13 it installs what else is
# missing. Runs from any folder, as root or as a user who may sudo.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

DENY_VERSION=0.20.2
STANDARDWEBHOOKS_VERSION=1.1.0
AIOSMTPD_VERSION=1.4.6
HTML5LIB_VERSION=1.1
# Of 8, as 9 wants Node 22: Debian 12 has 18, and 13 has 20.
OIDC_PROVIDER_VERSION=8.8.1
AXE_VERSION=4.14.1
TOOLS=$PWD/target/tools

times=()

# step NAME COMMAND…: says what runs, keeps its time, and ends the run if it fails. (`set -e` does
# not reach into a function called so, hence each `|| return` below.)
step() {
  local name=$1 start=$SECONDS
  shift
  printf '\n==> %s\n' "$name"
  "$@" || fail "$name"
  times+=("$(printf '%5d s  %s' $((SECONDS - start)) "$name")")
}

fail() {
  printf '\nFAILED: %s\n' "$1" >&2
  exit 1
}

# -- What must be there --------------------------------------------------------------------------

need_rust() {
  command -v cargo >/dev/null || PATH=$HOME/.cargo/bin:$PATH
  command -v cargo >/dev/null || fail 'Rust is missing: install it first (see README.md)'
  cargo fmt --version >/dev/null 2>&1 || fail 'rustfmt is missing: rustup component add rustfmt'
  cargo clippy --version >/dev/null 2>&1 || fail 'clippy is missing: rustup component add clippy'
}

# The folder of the newest PostgreSQL server's programs; nothing when there is none.
postgres_programs() {
  find /usr/lib/postgresql -path '*/bin/initdb' -printf '%h\n' 2>/dev/null | sort -V | tail -n 1
}

install_missing() {
  local missing=() as_root=()
  command -v cc >/dev/null || missing+=(gcc libc6-dev)
  command -v make >/dev/null || missing+=(make)
  [[ -n $(postgres_programs) ]] || missing+=(postgresql)
  [[ -x /usr/bin/chromium ]] || missing+=(chromium)
  [[ -x /usr/bin/chromedriver ]] || missing+=(chromium-driver)
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3 python3-venv)
  # Makes the certificate of a mail server.
  command -v openssl >/dev/null || missing+=(openssl)
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  # What the examples of the dashboard's integration page are written in.
  command -v curl >/dev/null || missing+=(curl)
  command -v openssl >/dev/null || missing+=(openssl)
  command -v php >/dev/null || missing+=(php-cli)
  command -v go >/dev/null || missing+=(golang-go)
  # The letters of the posters' tests.
  [[ -e /usr/share/fonts/truetype/noto/NotoSansThai-Regular.ttf ]] || missing+=(fonts-noto-core)
  [[ -e /usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc ]] || missing+=(fonts-noto-cjk)
  [[ ${#missing[@]} -gt 0 ]] || return 0

  command -v apt-get >/dev/null || fail "missing, and no apt-get to install them: ${missing[*]}"
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null || fail "missing, and no sudo to install them: ${missing[*]}"
    as_root=(sudo)
  fi
  echo "installing ${missing[*]}"
  "${as_root[@]}" apt-get update -qq || return
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# Without optimisation: built in about a minute on two cores, and still done in two seconds.
install_deny() {
  "$TOOLS/bin/cargo-deny" --version 2>/dev/null | grep -qxF "cargo-deny $DENY_VERSION" && return
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo install --quiet --locked --root "$TOOLS" --version "$DENY_VERSION" cargo-deny
}

# A Python with libraries that nobody here wrote: Standard Webhooks, which verifies what we sign; aiosmtpd, a real mail
# server; html5lib, which reads the pages of mails as browsers do.
install_python() {
  "$TOOLS/python/bin/python" -c "from importlib.metadata import version
assert version('standardwebhooks') == '$STANDARDWEBHOOKS_VERSION'
assert version('aiosmtpd') == '$AIOSMTPD_VERSION'
assert version('html5lib') == '$HTML5LIB_VERSION'" 2>/dev/null && return
  python3 -m venv --clear "$TOOLS/python" || return
  "$TOOLS/python/bin/pip" install --quiet --disable-pip-version-check \
    "standardwebhooks==$STANDARDWEBHOOKS_VERSION" "aiosmtpd==$AIOSMTPD_VERSION" "html5lib==$HTML5LIB_VERSION"
}

# A real OpenID Connect provider, which people sign in at: nobody here wrote it.
install_oidc_provider() {
  node -e 'process.exit(process.versions.node.split(".")[0] < 18 ? 1 : 0)' ||
    fail "Node $(node --version) is too old for the OpenID Connect provider: install Node 18 or newer (Debian: apt-get install nodejs)"
  grep -qF "\"version\": \"$OIDC_PROVIDER_VERSION\"" \
    "$TOOLS/oidc/node_modules/oidc-provider/package.json" 2>/dev/null && return
  rm -rf "$TOOLS/oidc"
  mkdir -p "$TOOLS/oidc" || return
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$TOOLS/oidc" \
    "oidc-provider@$OIDC_PROVIDER_VERSION"
}

# What judges whether pages can be used by everybody: nobody here wrote it.
install_axe() {
  grep -qF "\"version\": \"$AXE_VERSION\"" "$TOOLS/axe/node_modules/axe-core/package.json" \
    2>/dev/null && return
  rm -rf "$TOOLS/axe"
  mkdir -p "$TOOLS/axe" || return
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$TOOLS/axe" \
    "axe-core@$AXE_VERSION"
}

# -- A PostgreSQL of our own ---------------------------------------------------------------------

scratch=

# PostgreSQL refuses to run as root; Debian's package brings the user `postgres`.
as_postgres() {
  if [[ $EUID -eq 0 ]]; then
    (cd "$scratch" && runuser -u postgres -- "$@")
  else
    "$@"
  fi
}

start_postgres() {
  local programs port
  programs=$(postgres_programs)
  # Under /tmp whatever TMPDIR says: the path of a socket may be only 107 bytes long.
  scratch=$(mktemp -d /tmp/entrypass-tests.XXXXXX) || return
  [[ $EUID -ne 0 ]] || chown postgres "$scratch" || return
  as_postgres "$programs/initdb" -D "$scratch/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C.UTF-8 >"$scratch/initdb.log" || return
  for _ in {1..20}; do
    # Below the range that the kernel gives out for port 0, which the tests use all the time.
    port=$((20000 + RANDOM % 12000))
    if as_postgres "$programs/pg_ctl" start -D "$scratch/data" --wait --silent \
      --log="$scratch/postgres.log" -o "-p $port -c listen_addresses=127.0.0.1 \
        -c unix_socket_directories=$scratch -c max_connections=300" >/dev/null 2>&1; then
      export ENTRYPASS_TEST_POSTGRES=postgres://postgres@127.0.0.1:$port/postgres
      echo "PostgreSQL at $ENTRYPASS_TEST_POSTGRES"
      return
    fi
    grep -q 'Address already in use' "$scratch/postgres.log" || break
  done
  cat "$scratch/postgres.log" >&2
  return 1
}

# Stops exactly what was started here, and takes its folder away.
clean_up() {
  [[ -n $scratch ]] || return 0
  if [[ -f $scratch/data/postmaster.pid ]]; then
    as_postgres "$(postgres_programs)/pg_ctl" stop -D "$scratch/data" --mode=fast --silent || true
  fi
  rm -rf "$scratch"
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# -- The run -------------------------------------------------------------------------------------

step 'check for Rust' need_rust
step 'install what is missing' install_missing
step 'format' cargo fmt --check
step 'lint' cargo clippy --locked --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' step 'documentation' cargo doc --locked --no-deps
step 'install cargo-deny' install_deny
step 'licences and bans' "$TOOLS/bin/cargo-deny" --locked check bans licenses sources
step 'install libraries for Python' install_python
step 'install an OpenID Connect provider' install_oidc_provider
step 'install axe-core' install_axe
step 'start PostgreSQL' start_postgres
export ENTRYPASS_TEST_OIDC_PROVIDER=$TOOLS/oidc
export ENTRYPASS_TEST_AXE=$TOOLS/axe
export ENTRYPASS_TEST_STANDARDWEBHOOKS=$TOOLS/python/bin/python ENTRYPASS_TEST_MAIL=$TOOLS/python/bin/python
export ENTRYPASS_TEST_CHROMEDRIVER=/usr/bin/chromedriver ENTRYPASS_TEST_CHROMIUM=/usr/bin/chromium
# One more at a time than there are cores, as many mostly wait.
step 'test' cargo test --locked --no-fail-fast -- --test-threads="$(($(nproc) + 1))"

printf '\nAll passed. Time per step:\n'
printf '%s\n' "${times[@]}"
