"""Reads two exports of one community, as Parquet and as CSV, as analysts would: says what is in them.

python3 read.py PARQUET CSV
"""

import datetime
import json
import os
import sys

import duckdb
import polars

TABLES = ["accounts", "profiles", "posts", "ledger", "badges", "groups", "meetings", "events"]
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def files(folder, table, kind):
    inside = "events/**/*" if table == "events" else table
    return os.path.join(folder, f"{inside}.{kind}")


def micros(text):
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return str((moment - EPOCH) // datetime.timedelta(microseconds=1))


def differences(db, table, types, parquet, csv):
    """The cells in which the two differ, where a CSV has nothing for a null."""
    moments = {name for name, kind in types.items() if kind.startswith("TIMESTAMP")}
    names = list(types)

    def cell(name):
        value = f'epoch_us("{name}")' if name in moments else f'"{name}"'
        return f"coalesce(CAST({value} AS VARCHAR), '')"

    cells = ", ".join(cell(name) for name in names)
    left = db.sql(f"SELECT {cells} FROM read_parquet('{parquet}', hive_partitioning = false)").fetchall()
    columns = ", ".join(f"coalesce(\"{name}\", '')" for name in names)
    right = db.sql(
        f"SELECT {columns} FROM read_csv('{csv}', all_varchar = true, header = true, delim = ',',"
        " quote = '\"', escape = '\"', hive_partitioning = false)"
    ).fetchall()
    at = [number for number, name in enumerate(names) if name in moments]
    right = [
        tuple(micros(value) if number in at and value else value for number, value in enumerate(row))
        for row in right
    ]
    left, right = sorted(left), sorted(right)
    if len(left) != len(right):
        return [f"{table}: {len(left)} rows and {len(right)}"]
    return [
        f"{table}.{name}: {one!r} and {other!r}"
        for ours, theirs in zip(left, right)
        for name, one, other in zip(names, ours, theirs)
        if one != other
    ][:20]


def main(parquet, csv):
    db = duckdb.connect()
    one = lambda sql: db.sql(sql).fetchall()[0][0]
    said = {"rows": {}, "types": {}, "polars": {}, "differences": []}
    for table in TABLES:
        path = files(parquet, table, "parquet")
        said["rows"][table] = one(f"SELECT count(*) FROM '{path}'")
        described = db.sql(
            f"DESCRIBE SELECT * FROM read_parquet('{path}', hive_partitioning = false)"
        ).fetchall()
        types = {row[0]: row[1] for row in described}
        said["types"][table] = types
        said["differences"] += differences(db, table, types, path, files(csv, table, "csv"))
        folder = os.path.join(parquet, "events") if table == "events" else path
        frame = polars.read_parquet(folder, hive_partitioning=table == "events")
        said["polars"][table] = [frame.height, {name: str(kind) for name, kind in frame.schema.items()}]
    events = files(parquet, "events", "parquet")
    table = lambda name: f"'{files(parquet, name, 'parquet')}'"
    said["points"] = one(f"SELECT sum(points) FROM {table('profiles')}")
    # A join, a month by its folder, and a look into the data.
    said["points_of_ledger"] = one(
        f"SELECT sum(l.points) FROM {table('ledger')} l JOIN {table('accounts')} a USING (account)"
        f" JOIN {table('profiles')} p ON a.profile = p.profile"
    )
    said["likes_by_month"] = dict(
        db.sql(
            f"SELECT month, count(*) FROM '{events}' WHERE type = 'PostLiked' GROUP BY month"
        ).fetchall()
    )
    said["likes_of_posts"] = one(
        "SELECT count(*) FROM (SELECT data->>'$.post' AS post, count(*) AS n"
        f" FROM '{events}' WHERE type = 'PostLiked' GROUP BY 1) e"
        f" JOIN {table('posts')} p USING (post)"
    )
    said["titles"] = one(f"SELECT count(data->>'$.title') FROM '{events}' WHERE type = 'PostCreated'")
    print(json.dumps(said))


main(*sys.argv[1:])
