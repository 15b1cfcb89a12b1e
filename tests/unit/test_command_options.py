"""What a command makes of trouble with the disk, and that it makes nothing of defects."""

import errno
import sqlite3

import pytest

from dagster_project.command.options import answering


def sqlite_trouble(tmp_path):
    sqlite3.connect(f"file:{tmp_path}/none/x.db", uri=True)


def sqlite_defect(tmp_path):
    sqlite3.connect(":memory:").execute("select * from nothing")


def full_disk(tmp_path):
    raise RuntimeError("a step failed") from OSError(errno.ENOSPC, "No space left on device")


def taken_port(tmp_path):
    raise OSError(errno.EADDRINUSE, "Address already in use")


def defect_while_mending(tmp_path):
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError:
        raise KeyError("a defect")  # noqa: B904 - the case at hand


@pytest.mark.parametrize("trouble", [sqlite_trouble, full_disk])
def test_trouble_with_the_disk_is_said_in_a_sentence(tmp_path, capsys, trouble):
    with pytest.raises(SystemExit) as ended:
        answering(trouble)(tmp_path)
    assert ended.value.code == 1
    assert "the home cannot be read or written" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("defect", "kind"),
    [
        (sqlite_defect, sqlite3.OperationalError),
        (taken_port, OSError),
        (defect_while_mending, KeyError),
    ],
)
def test_a_defect_shows_itself(tmp_path, defect, kind):
    with pytest.raises(kind):
        answering(defect)(tmp_path)
