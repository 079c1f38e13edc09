"""Make a data folder ready for the trial portal in one process: tables, static files, demo data.

Started by `make run`. Static files are collected only when they, or the packages that bring some, have changed.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from scripts.processes import ROOT


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    django.setup()
    from itsm.core import context

    with context.use(origin=context.COMMAND):
        call_command("migrate", interactive=False, verbosity=0)
        collect_static()
        call_command("demo", if_empty=True)


def collect_static() -> None:
    stamp = Path(settings.STATIC_ROOT).with_suffix(".stamp")
    inputs = fingerprint_of_static_inputs()
    if stamp.exists() and stamp.read_text() == inputs:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
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
