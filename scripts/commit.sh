#!/usr/bin/env bash
# Shows what changed, commits all of it and pushes where a remote is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

message="$*"
if [[ -z ${message//[[:space:]]/} || $message == -h || $message == --help ]]; then
    printf 'usage: scripts/commit.sh MESSAGE\n' >&2
    exit 2
fi
if [[ -z $(git status --porcelain) ]]; then
    printf 'Nothing to commit.\n'
    exit 0
fi
git status --short
git add --all
git commit --quiet --message "$message"
printf 'Committed: %s\n' "$(git log -1 --format='%h %s')"

remotes=$(git remote)
if [[ -z $remotes ]]; then
    exit 0
fi
remote=${remotes%%$'\n'*}
if [[ $'\n'$remotes$'\n' == *$'\norigin\n'* ]]; then
    remote=origin
fi
if git rev-parse --quiet --verify '@{upstream}' >/dev/null 2>&1; then
    push=(git push --quiet)
else
    push=(git push --quiet --set-upstream "$remote" HEAD)
fi
if ! "${push[@]}"; then
    printf 'scripts/commit.sh: committed here, but it could not be pushed.\n' >&2
    exit 1
fi
printf 'Pushed.\n'
