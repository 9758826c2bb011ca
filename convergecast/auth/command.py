"""`convergecast user` and `convergecast token`, beside a live hub too. Process: command."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Mapping, Sequence

from convergecast.auth.access import Role
from convergecast.auth.accounts import Account, Accounts
from convergecast.auth.agent_token import agent_token, rotate_agent_token
from convergecast.auth.passwords import MAX_PASSWORD, Passwords
from convergecast.clock import SystemClock
from convergecast.config import HubConfig
from convergecast.errors import InvalidInput, NotFound
from convergecast.storage.audit import COMMAND_LINE
from convergecast.storage.database import DATABASE_NAME, Database

_MOST_LISTED = 20
"""The cameras that a sentence names."""


def run_token(config: HubConfig, *, rotate: bool) -> str:
    """Return the hub's agent token, with `rotate` a new one. Raises ConvergeCastError."""
    database = Database(config.data_dir / DATABASE_NAME)
    try:
        if rotate:
            return rotate_agent_token(database, SystemClock(), COMMAND_LINE)
        return agent_token(database)
    finally:
        database.close()


def run_user(
    arguments: argparse.Namespace,
    config: HubConfig,
    cameras_of: Callable[[Database], Mapping[str, str]],
) -> str:
    """Do what the command line asks for; return what is to be printed.

    Args:
        arguments: `action`, and `name`, `role` and `cameras` where the action has them.
        config: names the folder of the database.
        cameras_of: returns the names of the hub's cameras, by id.

    Raises:
        ConvergeCastError: it cannot be done.
    """
    database, told = Database(config.data_dir / DATABASE_NAME), ""
    try:
        accounts = Accounts(database, SystemClock(), Passwords())
        if arguments.action == "list":
            return "\n".join(map(_line, accounts.all())) or "There are no accounts."
        if arguments.action == "add":
            role, cameras = Role(arguments.role), arguments.cameras
            _check_cameras(cameras or (), cameras_of(database))
            accounts.add(arguments.name, _ask_password(), role, cameras, by=COMMAND_LINE)
        elif arguments.action == "passwd":
            accounts.get(arguments.name)
            accounts.change(arguments.name, password=_ask_password(), by=COMMAND_LINE)
        else:
            accounts.remove(arguments.name, by=COMMAND_LINE)
        if not any(account.role is Role.ADMIN for account in accounts.all()):
            told = " No account is an administrator's: add one with --role admin."
    finally:
        database.close()
    return f"Done: {arguments.action} {arguments.name}.{told}"


def _check_cameras(wanted: Sequence[str], names: Mapping[str, str]) -> None:
    """Raise NotFound where there is no such camera, with those that there are."""
    for camera_id in wanted:
        if camera_id in names:
            continue
        known = [f"{each} ({name})" for each, name in names.items()]
        listed = ", ".join(known[:_MOST_LISTED])
        if len(known) > _MOST_LISTED:
            listed += f", and {len(known) - _MOST_LISTED} more, which GET /api/v1/cameras lists"
        told = f"the ids are {listed}" if known else "the hub knows none yet, so start an agent"
        raise NotFound(f"There is no camera {camera_id}: {told}.")


def _line(account: Account) -> str:
    cameras = "all cameras" if account.cameras is None else ", ".join(sorted(account.cameras))
    return f"{account.name}\t{account.role}\t{cameras or 'no cameras'}"


def _ask_password() -> str:
    """Return a password from the terminal, typed twice; or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(MAX_PASSWORD + 2).rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise InvalidInput("The two passwords differ: nothing was changed.")
    return password
