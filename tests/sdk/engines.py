"""Where the servers of these tests keep everything: a file of their own, or a database."""
import zlib

from database import Postgres as Process


class Sqlite:
    """A file in each server's data directory."""

    def __init__(self, _):
        pass

    def variables(self, _):
        """The settings of a server whose directory this is."""
        return {}

    def files(self):
        """What is kept outside of data directories."""
        return []

    def stop(self):
        pass


class Postgres:
    """A database for each directory, on a PostgreSQL that runs as long as the tests of this process need it."""

    def __init__(self, folder):
        # Nothing here outlives its process, so nothing has to reach the disk.
        self._process = Process(folder).make(fsync="off", full_page_writes="off").start()
        self._made = set()

    def variables(self, directory):
        # Who starts again in a directory has to find what is there.
        name = f"server_{zlib.crc32(str(directory).encode())}"
        if name not in self._made:
            self._process.query(f"CREATE DATABASE {name}", database="postgres")
            self._made.add(name)
        # Without the second there is no first bucket: other nodes would not see its directory.
        return {"REELGATE_STORE": f"postgres://reelgate@127.0.0.1:{self._process.port}/{name}",
                "REELGATE_SHARED_BUCKETS": "yes"}

    def files(self):
        return [path for path in self._process.data.rglob("*") if path.is_file()]

    def stop(self):
        self._process.stop()


BY_NAME = {"sqlite": Sqlite, "postgres": Postgres}
# What servers that are started now use; the fixture `engine` says which it is.
used = Sqlite(None)
