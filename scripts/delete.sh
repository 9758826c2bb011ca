#!/usr/bin/env bash
# Throws every local change away, new files too, after asking. Ignored files and venv/ stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

sure=no
case ${1:-} in
    '') ;;
    --yes) sure=yes ;;
    *)
        printf 'usage: scripts/delete.sh [--yes]\n' >&2
        exit 2
        ;;
esac
if ! git rev-parse --quiet --verify HEAD >/dev/null; then
    printf 'scripts/delete.sh: there is no commit to go back to yet; nothing was touched.\n' >&2
    exit 1
fi
changes=$(git status --short -- . ':!/venv')
if [[ -z $changes ]]; then
    printf 'Nothing to throw away.\n'
    exit 0
fi
printf 'These changes would be lost for good:\n%s\n' "$changes"
if [[ $sure == no ]]; then
    if [[ ! -t 0 ]]; then
        printf 'scripts/delete.sh: no terminal to ask at; --yes throws them away unasked.\n' >&2
        exit 1
    fi
    read -r -p "Type 'yes' to throw them away: " answer || answer=
    if [[ $answer != yes ]]; then
        printf 'Nothing was touched.\n'
        exit 1
    fi
fi
git reset --quiet --hard HEAD
git clean --quiet -d --force --exclude=/venv
printf 'Back at %s\n' "$(git log -1 --format='%h %s')"
