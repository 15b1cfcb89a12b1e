"""Dagster's event log on SQLite, with connections that are kept.

Here: how a connection to a shard of the event log comes to be. Not here: what is logged (Dagster) and where the instance is
configured (command/runs.py).

Dagster's own storage opens and syncs the file anew for each of a run's hundreds of events; benchmarks/event_log.py measures
both.
"""

import os
import shutil
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

import dagster
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SQLITE_BUSY_TIMEOUT_SECONDS,
    SqliteEventLogStorage,
)
from dagster._core.storage.sql import create_engine
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

# The index, the run at hand, and one that a page looks at.
MOST_OPEN = 3


class HomeEventLog(SqliteEventLogStorage):
    """SqliteEventLogStorage that keeps a few connections open and syncs when SQLite's write-ahead log says so.

    A killed process loses nothing; a power cut may cost the last events of the run that it interrupts.
    """

    def __init__(self, base_dir: str, inst_data: Any = None):
        # Before Dagster's own, which connects.
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._held: dict[str, Connection] | None = None
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        self._newest: dict[tuple, tuple[EventLogEntry, int]] = {}
        super().__init__(base_dir, inst_data)
        # Held over a batch while each of its events asks for it again.
        self._db_lock = RLock()

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: dict[str, Any]) -> "HomeEventLog":
        """Made by Dagster from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._make_ready(shard, engine)
                self._initialized_dbs.add(shard)
            if self._held is None:
                with engine.connect() as connection, connection.begin():
                    yield connection
            else:
                if shard not in self._held:
                    self._held[shard] = self._transactions.enter_context(engine.connect())
                    self._transactions.enter_context(self._held[shard].begin())
                yield self._held[shard]

    def _make_ready(self, shard: str, engine: Engine) -> None:
        """A run's new shard is a copy of an empty one: to make one, Dagster reads all of its migrations."""
        place = Path(self.path_for_shard(shard))
        if shard == INDEX_SHARD_NAME or place.exists():
            self._initdb(engine)
            return
        empty = place.with_name(f"empty-{dagster.__version__}")
        unfinished = place.with_name(f".{shard}.{os.getpid()}.tmp")
        if empty.exists():
            shutil.copyfile(empty, unfinished)
        else:
            maker = _open(f"sqlite:///{unfinished}")
            self._initdb(maker)
            maker.dispose()
            shutil.copyfile(unfinished, place.with_name(f".empty.{os.getpid()}.tmp"))
            os.replace(place.with_name(f".empty.{os.getpid()}.tmp"), empty)
        os.replace(unfinished, place)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store the events of a table's many partitions in one transaction a shard, and what the index says of the table itself
        once, not once a partition.
        """
        with self._db_lock, ExitStack() as self._transactions:
            self._held = {}
            try:
                super().store_event_batch(events)
                for event, event_id in self._newest.values():
                    with self.index_transaction() as connection:
                        super()._store_asset_event(connection, event, event_id)
            finally:
                self._held = None
                self._newest = {}

    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        """A table has one row in the index, which each event of a kind overwrites: in a batch the newest of a kind is kept."""
        if self._held is None:
            super()._store_asset_event(conn, event, event_id)
            return
        kind = (event.dagster_event.asset_key, event.dagster_event_type)
        # The last to come is the last to be written.
        self._newest.pop(kind, None)
        self._newest[kind] = (event, event_id)

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._engines[shard] = _open(self.conn_string_for_shard(shard))
        self._engines.move_to_end(shard)
        while len(self._engines) > MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return self._engines[shard]

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; once there it stays, and Dagster asks with each event."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        """Whether the index has a column; once there it stays, and Dagster reads the whole schema to answer each event."""
        if column_name not in self._columns and super()._has_asset_key_col_on_connection(
            conn, column_name
        ):
            self._columns.add(column_name)
        return column_name in self._columns

    def dispose(self) -> None:
        """Close all connections, then what Dagster's own storage holds."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _open(address: str) -> Engine:
    # One connection for all threads: the storage's own lock lets one of them in at a time.
    connect_args = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}
    engine = create_engine(address, poolclass=StaticPool, connect_args=connect_args)

    @event.listens_for(engine, "connect")
    def sync_less(connection: Any, _: Any) -> None:
        connection.execute("pragma synchronous = normal")

    return engine
