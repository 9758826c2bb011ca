"""The page Events on a real hub whose events the test makes, as a worker would."""

from __future__ import annotations

import io
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from convergecast.cameras.supervisor import JOURNALS
from convergecast.vision.detections import Bytes
from tests.browser.conftest import Watched
from tests.support.rig import Rig
from tests.support.walks import walk

pytestmark = pytest.mark.browser
