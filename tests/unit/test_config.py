"""Settings: from file and command line, and one clear sentence for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from convergecast.config import HubConfig, load_config
from convergecast.errors import InvalidInput


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "hub.toml"
    file.write_text('port = 5055\nhost = "::1"\nanalysis_fps = 5\nagent_networks = ["10.0.0.0/8"]')
    config = load_config(file, {"port": 6000, "host": None, "data_dir": tmp_path})
    assert (config.port, config.host, config.analysis_fps) == (6000, "::1", 5.0)
    assert config.agent_networks == ("10.0.0.0/8",)
    assert config.data_dir == tmp_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "unknown setting 'prot'"),
        ("port = 70000", "port must be a whole number from 0 to 65535, not 70000"),
        ('port = "5000"', "port must be a whole number from 0 to 65535, not '5000'"),
        ("port = true", "port must be a whole number from 0 to 65535, not True"),
        ('device = "tpu"', "auto, cpu or gpu"),
        (r'device = "gpu\n"', "auto, cpu or gpu"),
        (r'precision = "int8\n"', "auto, fp32 or int8"),
        ('data_dir = "~nobody-of-this-name/hub"', "data_dir cannot be '~nobody"),
        (r'data_dir = "a\u0000b"', "data_dir cannot be"),
        ('agent_networks = ["10.0.0.0/99"]', "agent_networks"),
        ("agent_networks = [1]", r"agent_networks must be a list of strings, not \[1\]"),
        ("max_cameras = 0", "at least 1"),
        ("heartbeat_s = 0.1", "from 0.5 to 60"),
        ("analysis_fps = 0", "from 0.1 to 240"),
        ("threads = -1", "at least 0"),
        ("port = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "hub.toml"
    file.write_text(text)
    with pytest.raises(InvalidInput, match=words):
        load_config(file, {})


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_config(tmp_path / "none.toml", {})


def test_defaults_listen_on_this_machine_only() -> None:
    assert (HubConfig().host, HubConfig().port) == ("127.0.0.1", 5000)
