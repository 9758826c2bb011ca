#!/usr/bin/env bash
# Sets ConvergeCast up on Linux and starts it. It asks nothing. A second run does only what is missing.
set -euo pipefail
unset CDPATH

usage() {
    cat <<'TEXT'
usage: ./install_linux.sh                        set up: packages into venv/, models into the user's cache
       ./install_linux.sh run [serve options]    that, then the hub with a demonstration camera
       ./install_linux.sh test [pytest options]  that and what tests need, then the whole test suite
       ./install_linux.sh agent [agent options]  only what a machine with a camera needs, then the agent
       ./install_linux.sh service hub|agent [options]
                                                 the same, started with the machine by systemd, and again after a failure;
                                                 without options with those it had. agent-NAME: a further camera
       ./install_linux.sh remove-service hub|agent
                                                 removes that
TEXT
}

readonly oldest_minor=11 # of Python 3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly here
readonly venv="$here/venv"
readonly python="$venv/bin/python"
readonly log="$venv/install.log"
readonly half_made="$venv/half-made" # there while something is at work on venv/
readonly details="The details are in venv/install.log."

say() { printf '%s\n' "$*"; }
fail() {
    printf 'install_linux.sh: %s\n' "$*" >&2
    exit 1
}

# ---- system packages -------------------------------------------------------------------------

lists_are_fresh=no

# apt_install WHAT PACKAGE...: installs the packages, or names the one command that does.
apt_install() {
    local what=$1
    shift
    local as_root=()
    if ! command -v apt-get >/dev/null; then
        fail "$what is missing: install it with this system's package manager (on Debian: $*), then run this again."
    fi
    if [[ $(id -u) != 0 ]]; then
        if ! sudo -n true 2>/dev/null; then
            fail "$what is missing. Install it, then run this again: sudo apt-get install -y $*"
        fi
        as_root=(sudo -n)
    fi
    say "$what is missing: installing it with apt-get…"
    if [[ $lists_are_fresh == no ]]; then
        "${as_root[@]}" apt-get update >>"$log" 2>&1 </dev/null || true # older lists may do
        lists_are_fresh=yes
    fi
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y "$@" >>"$log" 2>&1 </dev/null
}

install_venv_module() {
    local series=${1%.*} what="Python's venv module"
    apt_install "$what" "python$series-venv" || apt_install "$what" python3-venv ||
        fail "$what could not be installed with apt-get. $details"
    has_ensurepip "$base_python" || fail "$base_python cannot make a venv: its ensurepip module is missing."
}

install_opencv_libraries() {
    local error
    error=$("$python" -c 'import cv2' 2>&1) && return
    if [[ $error == *'cannot open shared object file'* ]]; then
        apt_install 'A library of OpenCV' --no-install-recommends libgl1 libglib2.0-0 ||
            fail "OpenCV needs libgl1 and libglib2.0-0, and apt-get could not install them. $details"
        error=$("$python" -c 'import cv2' 2>&1) && return
    fi
    fail "OpenCV cannot be loaded: ${error##*$'\n'}"
}

install_chromium() {
    local name
    for name in "${CONVERGECAST_CHROMIUM:-chromium}" chromium chromium-browser google-chrome; do
        if command -v "$name" >/dev/null; then return; fi
    done
    apt_install Chromium chromium fonts-liberation || apt_install Chromium chromium-browser ||
        fail "Chromium, which the tests need, could not be installed with apt-get. $details"
}

# One test needs it, and is skipped without.
install_firefox() {
    if command -v firefox-esr >/dev/null || command -v firefox >/dev/null; then return; fi
    if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then return; fi
    apt_install Firefox --no-install-recommends firefox-esr || say 'There is no firefox-esr: its test is skipped.'
}

# ---- Python ----------------------------------------------------------------------------------

version_of() { "$1" -I -S -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }
has_ensurepip() { "$1" -I -c 'import ensurepip' 2>/dev/null; }
is_new_enough() {
    local major minor
    IFS=. read -r major minor _ <<<"$1"
    ((major > 3 || (major == 3 && minor >= oldest_minor)))
}

# Sets base_python and base_version: a Python that can make a venv comes before one that cannot yet.
find_python() {
    local name version too_old=''
    base_python='' base_version=''
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        version=$(version_of "$name") || continue
        if ! is_new_enough "$version"; then
            too_old=$version
        elif has_ensurepip "$name"; then
            base_python=$name base_version=$version
            break
        elif [[ -z $base_python ]]; then
            base_python=$name base_version=$version
        fi
    done
    if [[ -n $base_python ]]; then
        say "Python $base_version found."
    elif [[ -n $too_old ]]; then
        fail "Python $too_old found, but 3.$oldest_minor or newer is needed: install a newer one, then run this again."
    else
        fail "no Python found: install Python 3.$oldest_minor or newer (on Debian: apt-get install python3), then run this again."
    fi
}

# ---- venv/: a set of packages is agent, hub (with the agent's) or test (with the hub's) --------

# What venv/installed-SET says when the set is complete. Changes with the requirements and Python.
stamp_of() {
    local files=(requirements-agent.txt)
    case $1 in
        hub) files=(requirements.txt pyproject.toml) ;;
        test) files=(requirements.txt requirements-test.txt pyproject.toml) ;;
    esac
    (cd "$here" && version_of "$python" && cat "${files[@]}") | sha256sum
}

is_installed() {
    local found
    is_in_place && [[ -f $venv/installed-$1 ]] && found=$(<"$venv/installed-$1") &&
        [[ $found == "$(stamp_of "$1")" ]]
}

# False after an interruption, and after the folder was moved: scripts in venv/ hold its path.
is_in_place() {
    [[ ! -e $half_made && -x $python ]] && [[ ! -f $venv/place || $(<"$venv/place") == "$here" ]]
}

make_venv() {
    local version
    if is_in_place && "$python" -I -c 'import pip' 2>/dev/null; then
        version=$(version_of "$python")
        if is_new_enough "$version"; then return; fi
    fi
    find_python
    if [[ -d $venv ]]; then
        say "venv/ is incomplete or out of place: making it again."
        rm -rf "$venv"
    fi
    say "Making venv/…"
    mkdir "$venv"
    : >"$half_made"
    has_ensurepip "$base_python" || install_venv_module "$base_version"
    "$base_python" -m venv "$venv" >>"$log" 2>&1 || fail "$base_python could not make venv/. $details"
    printf '%s\n' "$here" >"$venv/place"
    rm "$half_made"
}

check_disk() {
    local needed_mb=2000 free_mb
    if [[ $1 == agent ]]; then needed_mb=800; fi
    if compgen -G "$venv/installed-*" >/dev/null; then needed_mb=400; fi
    free_mb=$(df -Pm "$here" | awk 'NR == 2 { print $4 }')
    ((free_mb >= needed_mb)) ||
        fail "the disk is too full: $needed_mb MB are needed here and $free_mb MB are free."
}

install_packages() {
    local arguments=()
    case $1 in
        agent) arguments=(-r "$here/requirements-agent.txt") ;;
        hub) arguments=(-r "$(hub_requirements)") ;;
        test) arguments=(-r "$(hub_requirements)" -r "$here/requirements-test.txt") ;;
    esac
    say "Installing packages into venv/ (about 1 minute)…"
    rm -f "$venv/installed-$1"
    : >"$half_made"
    pip_install "${arguments[@]}"
    [[ $1 == agent ]] || pip_install --no-deps --editable "$here"
    rm "$half_made"
}

# requirements.txt; without onnxruntime where its build for GPUs has taken its place.
hub_requirements() {
    local file="$here/requirements.txt"
    if compgen -G "$venv/lib/python3*/site-packages/onnxruntime_gpu-*" >/dev/null; then
        grep -v '^onnxruntime>' "$file" >"$venv/requirements.txt"
        file="$venv/requirements.txt"
    fi
    printf '%s\n' "$file"
}

pip_install() {
    local status=0
    : >"$log"
    "$python" "$here/scripts/install_packages.py" "$log" \
        "$python" -m pip install --disable-pip-version-check --no-input "$@" || status=$?
    if ((status == 0)); then return; fi
    if ((status < 128)); then rm -f "$half_made"; fi # pip itself cleans up after an error
    if grep -q 'No space left on device' "$log"; then
        fail "the disk is full: make room, then run this again. $details"
    elif grep -Eq 'ConnectionError|NameResolutionError|Connection(Reset|Refused|Timeout)|Connect(Timeout|ion broken)|Read ?[Tt]imed? ?out|ReadTimeout|ProxyError|SSLError|Temporary failure|unreachable' "$log"; then
        fail "The package index could not be reached: check the network and run this again. $details"
    elif grep -q 'No matching distribution' "$log"; then
        fail "a package is not offered for this Python ($(version_of "$python")) and machine ($(uname -m)). $details"
    fi
    fail "the packages could not be installed. $details"
}

# set_up SET: nothing to do is the usual case, and quick.
set_up() {
    if is_installed "$1"; then return; fi
    [[ -w $here ]] || fail "this folder is read-only, and venv/ has to be made in it."
    # The lock is this script itself: nothing is left behind, and it ends with the process.
    exec 9<"${BASH_SOURCE[0]}"
    if command -v flock >/dev/null && ! flock --nonblock 9; then
        say "Another installation is at work here: waiting for it…"
        flock 9
    fi
    if ! is_installed "$1"; then
        check_disk "$1"
        make_venv
        install_packages "$1"
        install_opencv_libraries
        write_stamps "$1"
    fi
    exec 9<&-
}

write_stamps() {
    local each
    for each in agent hub test; do
        stamp_of "$each" >"$venv/installed-$each"
        if [[ $each == "$1" ]]; then break; fi
    done
}

# ---- what checks the page's JavaScript: into tests/js/node_modules, by the npm of venv/ ------------

install_node_packages() {
    local folder="$here/tests/js" lock=package-lock.json
    if cmp -s "$folder/$lock" "$folder/node_modules/installed-$lock"; then return; fi
    say "Installing the JavaScript checkers into tests/js/node_modules (about 10 seconds)…"
    if ! PATH="$venv/bin:$PATH" npm ci --ignore-scripts --prefix "$folder" >"$log" 2>&1 </dev/null; then
        if grep -Eq 'E(NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|NETUNREACH)|ERR_SOCKET_TIMEOUT' "$log"; then
            fail "The npm registry could not be reached: check the network and run this again. $details"
        fi
        fail "the JavaScript checkers could not be installed. $details"
    fi
    cp "$folder/$lock" "$folder/node_modules/installed-$lock" # npm ci begins by removing the folder
}

fetch_models() { "$python" -m convergecast models fetch || exit 1; }

# ---- what starts with the machine --------------------------------------------------------------

# as_owner COMMAND...: root writes nothing into the folder of somebody else, who updates it later.
as_owner() {
    local owner home
    owner=$(stat -c %U "$here")
    if [[ $(id -u) == 0 && $owner != root ]]; then
        home=$(getent passwd "$owner" | cut -d: -f6) || fail "$here belongs to no user of this machine: chown it."
        runuser -u "$owner" -- env HOME="$home" "$@"
    else
        "$@"
    fi
}

# check_service WORD...: nothing is installed for a wrong word.
check_service() {
    if [[ ! ${2:-} =~ ^(hub|agent(-[a-z0-9]+)*)$ ]]; then
        printf 'install_linux.sh: %s "%s" is not known: hub, agent, or agent-NAME for a further camera.\n' "$1" "${2:-}" >&2
        exit 2
    fi
}

# run_service WORD...: -P, since a folder named scripts may be where the user is.
run_service() {
    local program=$python
    [[ -x $program ]] || program=python3
    PYTHONPATH="$here" exec "$program" -P -B -m scripts.service "$@"
}

# ---- the words -------------------------------------------------------------------------------

trap 'exit 130' INT TERM # a signal during pip leaves venv/half-made: the next run starts afresh
word=${1:-}
if (($# > 0)); then shift; fi
case $word in
    '')
        set_up hub
        fetch_models
        say "Ready. ./install_linux.sh run starts the hub."
        ;;
    run)
        set_up hub
        fetch_models
        exec "$python" -m convergecast demo "$@"
        ;;
    test)
        set_up test
        install_node_packages
        install_chromium
        install_firefox
        fetch_models
        exec "$here/scripts/check" "$@"
        ;;
    agent)
        set_up agent
        exec "$python" "$here/agent/agent.py" "$@"
        ;;
    service)
        check_service service "$@"
        # set-up is for this line only, so not in the usage.
        as_owner "$here/install_linux.sh" set-up "${1%%-*}"
        run_service service "$@"
        ;;
    set-up)
        set_up "$1"
        [[ $1 == agent ]] || fetch_models
        ;;
    remove-service)
        check_service remove-service "$@"
        run_service remove-service "$@"
        ;;
    -h | --help) usage ;;
    *)
        printf 'install_linux.sh: "%s" is not known: run, test, agent, service, remove-service, or no word to set up only.\n' "$word" >&2
        exit 2
        ;;
esac
