"""The driver of a database that an installation may lack."""

from __future__ import annotations

import sys

import pytest
from sqlalchemy import make_url

from stratagraph.service.ledger.database import Database
from stratagraph.service.ledger.errors import DriverMissing


def test_a_missing_driver_is_named_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as where it is not installed
    with pytest.raises(DriverMissing, match=r"pip install 'psycopg\[binary\]'"):
        Database(make_url("postgresql+psycopg://nobody@127.0.0.1:1/none"))
