"""The workshop itself: requirements, layers, make targets and the programs behind them."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from scripts import requirements, run, run_tests
from scripts.processes import ROOT, wait_until
from tests.services import missing

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = """
django==5.2.1 \\
    --hash=sha256:00
"""


def test_requirements_belong_to_the_project_and_name_no_address():
    assert requirements.faults() == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (LOCK.replace("django", "flask"), "django of pyproject.toml is missing"),
        (LOCK.replace("5.2.1", "6.0"), "django 6.0 is not <5.3,>=5.2"),
        (LOCK + "viewflow==3.0 --hash=sha256:00", "viewflow must never be installed"),
        (LOCK + "--extra-index-url https://example.org/simple", "names an address or a path"),
        (LOCK + "# from /home/somebody/wheels", "names an address or a path"),
        (LOCK.replace("--hash=sha256:00", ""), "a package has no hash"),
    ],
)
def test_requirements_with_a_fault_are_refused(text: str, fault: str):
    wanted = [Requirement("django>=5.2,<5.3")]
    assert [sentence for sentence in requirements.faults_of(text, wanted) if fault in sentence]


def test_requirements_without_a_fault_pass():
    assert not [*requirements.faults_of(LOCK, [Requirement("django>=5.2,<5.3")])]


def test_every_dependency_says_what_it_is_for():
    declared, _ = (ROOT / "pyproject.toml").read_text().split("[tool.ruff]")
    entries = re.findall(r'^    ".+",.*$', declared, re.MULTILINE)
    assert len(entries) > 40
    assert [entry for entry in entries if "#" not in entry] == []


def test_every_part_of_the_project_stands_on_a_floor():
    (contract,) = PROJECT["tool"]["importlinter"]["contracts"]
    floors = {part for floor in contract["layers"] for part in re.split(r"[\s:|]+", floor)}
    found = {f"itsm.{path.stem}" for path in (ROOT / "itsm").iterdir() if is_module(path)}
    assert found - floors == set()


def is_module(path: Path) -> bool:
    return (path / "__init__.py").exists() or (path.suffix == ".py" and path.stem != "__init__")


def test_make_lists_every_target():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    internal = {"env-run", "env-dev", "services"}
    assert [
        name for name in targets if f"make {name} " not in listed and name not in internal
    ] == []


def test_programs_of_the_workshop_are_executable():
    names = ["find-python", "environment", "system-packages", "lock"]
    paths = [ROOT / "scripts" / name for name in names] + [ROOT / ".ci" / "run", ROOT / "manage.py"]
    assert [path for path in paths if not os.access(path, os.X_OK)] == []


def test_find_python_says_what_is_wrong_when_none_is_new_enough(tmp_path: Path):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    found = subprocess.run(
        ["/bin/sh", ROOT / "scripts" / "find-python"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert "Python 3.11 or later is needed" in found.stderr


def test_missing_program_names_the_command_that_installs_it():
    with pytest.raises(missing.MissingProgram, match=r"scripts/system-packages test"):
        missing.program("a-program-that-nobody-has")


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "80.5", "٨٠"])
def test_port_that_is_no_port_is_refused(port: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", port)
    with pytest.raises(run.CannotRun, match="PORT must be a number from 1 to 65535"):
        run.chosen_port()


def test_second_portal_on_the_same_data_is_refused(tmp_path: Path):
    refused = pytest.raises(run.CannotRun, match="runs already")
    with run.only_one(tmp_path), refused, run.only_one(tmp_path):
        pytest.fail("two portals at once")


def test_waiting_ends_with_a_sentence_about_what_was_awaited():
    with pytest.raises(TimeoutError, match="the moon rises: not within"):
        wait_until(lambda: False, within=0.01, what="the moon rises")


def test_paths_that_are_named_go_to_the_suite_that_holds_them():
    named = ["tests/test_tooling.py", "tests/services_real/test_services.py", "-k", "redis"]
    assert run_tests.POSTGRES.arguments(named)[-3:] == ["-k", "redis", named[0]]
    assert run_tests.SERVICES.arguments(named) == ["-k", "redis", named[1]]
    assert run_tests.REAL.arguments(named) == []


def test_without_a_path_each_suite_takes_its_folders():
    assert run_tests.SERVICES.arguments(["-x"]) == ["-x", *run_tests.REAL_SERVICES]
    assert run_tests.SQLITE.arguments([])[-1] == "tests"
