"""A wrong setting stops the start with its name and an example."""

import os
import subprocess
import sys

import pytest

from scripts.processes import ROOT


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "nonsense"),
        ("SECRET_KEY", "short"),
        ("SWEEP_SECONDS", "soon"),
        ("TRUSTED_PROXIES", "one"),
        ("DEBUG", "perhaps"),
        ("EMAIL_URL", "consolemail://"),
    ],
)
def test_wrong_setting_names_itself_and_shows_a_good_value(variable, value, tmp_path):
    env = os.environ | {"DATA_DIR": str(tmp_path), variable: value}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"Setting {variable} is wrong" in done.stderr
    assert f"{variable}=" in done.stderr
