"""Make a data folder ready for the trial portal: tables, static files, demo data.

Started by `make run`. Static files are collected only when they, or the packages that bring some,
have changed; then it is done beside the rest, on the second core.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from scripts.processes import ROOT, dying_with_its_parent


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    django.setup()
    from itsm.core import context

    with collected_static(), context.use(origin=context.COMMAND):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("demo", if_empty=True)


@contextmanager
def collected_static() -> Iterator[None]:
    stamp = Path(settings.STATIC_ROOT).with_suffix(".stamp")
    inputs = fingerprint_of_static_inputs()
    if stamp.exists() and stamp.read_text() == inputs:
        yield
        return
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    with subprocess.Popen(dying_with_its_parent(command), cwd=ROOT) as collecting:
        yield
    if collecting.returncode:
        sys.exit("The static files could not be collected.")
    stamp.write_text(inputs)


def fingerprint_of_static_inputs() -> str:
    digest = hashlib.sha256((ROOT / "requirements" / "run.txt").read_bytes())
    for path in sorted(own_static_files()):
        status = path.stat()
        digest.update(f"{path} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()


def own_static_files() -> Iterator[Path]:
    folders = [Path(folder) for folder in settings.STATICFILES_DIRS]
    folders += [Path(app.path) / "static" for app in apps.get_app_configs()]
    for folder in folders:
        # Those of packages change with the requirements file only.
        if folder.is_relative_to(ROOT) and "site-packages" not in folder.parts:
            yield from (path for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
