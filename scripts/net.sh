#!/usr/bin/env bash
# Prints the address from which this host reaches a hub; without one, from which it reaches the
# network at all. Nothing is sent: the routing table answers.
set -euo pipefail

fail() {
    printf 'scripts/net.sh: %s\n' "$*" >&2
    exit 1
}

# The host in `http://user@host:5000/path`, `host:5000`, `[::1]:5000` or a plain address.
host_of() {
    local host=${1#*://}
    host=${host%%[/?#]*}
    host=${host##*@}
    case $host in
        \[*\]*) host=${host#\[} host=${host%%\]*} ;;
        *:*:*) ;; # a bare IPv6 address
        *) host=${host%%:*} ;;
    esac
    printf '%s\n' "$host"
}

address_of() {
    case $1 in
        *:*) printf '%s\n' "$1" ;;
        *[!0-9.]*)
            if command -v getent >/dev/null; then
                getent ahosts "$1" | awk 'NR == 1 { print $1 }'
            else
                python3 -c 'import socket, sys; print(socket.getaddrinfo(sys.argv[1], 9)[0][4][0])' "$1" 2>/dev/null
            fi
            ;;
        *) printf '%s\n' "$1" ;;
    esac
}

source_towards() {
    if command -v ip >/dev/null; then
        ip -oneline route get "$1" 2>/dev/null | sed -n 's/.* src \([^ ]*\).*/\1/p'
    else
        python3 - "$1" 2>/dev/null <<'PYTHON'
import socket
import sys

family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as probe:
    probe.connect((sys.argv[1], 9))
    print(probe.getsockname()[0])
PYTHON
    fi
}

readonly usage='usage: scripts/net.sh [HUB]     (a URL, a name or an address)'
case ${1:-} in
    -h | --help)
        printf '%s\n' "$usage"
        exit 0
        ;;
esac
if [[ $# -gt 1 || ${1:-} == -* ]]; then
    printf '%s\n' "$usage" >&2
    exit 2
fi

if [[ -z ${1:-} ]]; then
    # Two addresses reserved for documentation: only the default route leads there.
    for target in 192.0.2.1 2001:db8::1; do
        found=$(source_towards "$target") || found=
        [[ -z $found ]] || break
    done
    [[ -n $found ]] || fail "this host has no route to any network."
else
    host=$(host_of "$1")
    target=$(address_of "$host") || target=
    [[ -n $target ]] || fail "the name \"$host\" could not be resolved."
    found=$(source_towards "$target") || found=
    [[ -n $found ]] || fail "this host has no route to $target."
fi
printf '%s\n' "$found"
