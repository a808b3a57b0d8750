"""Makes a day of generated lines as awkward as real ones, for checking and not for timing.

Repeated and recalled lines, other people's session ids, questions to agents by name, silent transfers, missing modes and texts,
ties, lines of another day, and a file that is not in time order. What the peers take for granted stays: every line has a session
id, and sent_at and seq are never both equal (here seq is unique).
"""

import argparse
from pathlib import Path

import duckdb

# `one_in` holds for about one line (or session) in n, always the same ones.
SPOIL = """
CREATE MACRO one_in(n, what, salt) AS hash(what || salt) % n = 0;

CREATE TEMP TABLE spoiled AS
WITH numbered AS (
    SELECT *, row_number() OVER () AS row FROM read_parquet(getvariable('source'))
),
colleagues AS (
    SELECT shop_id, list(DISTINCT agent_id ORDER BY agent_id) AS agents FROM numbered WHERE agent_id IS NOT NULL GROUP BY shop_id
)
SELECT
    CASE WHEN one_in(40, row, 'no id') THEN NULL WHEN one_in(50, row, 'same id') THEN 'same-' || hash(row) % 500 ELSE message_id END AS message_id,
    shop_id,
    CASE WHEN one_in(30, session_id, 'shared') THEN 'shared-' || hash(session_id) % 300 ELSE session_id END AS session_id,
    buyer_id,
    CASE
        WHEN sender = 'buyer' AND one_in(8, row, 'queue') THEN NULL
        WHEN sender = 'buyer' AND one_in(25, row, 'named') THEN agents[(1 + hash(row) % len(agents))::BIGINT]
        WHEN sender = 'agent' AND one_in(40, row, 'nobody') THEN NULL
        WHEN sender = 'agent' AND (one_in(30, row, 'colleague') OR one_in(15, row, 'event')) THEN agents[(1 + hash(row) % len(agents))::BIGINT]
        WHEN sender = 'system' AND one_in(10, row, 'nobody') THEN NULL
        WHEN sender = 'robot' AND one_in(2, row, 'named robot') THEN agents[(1 + hash(row) % len(agents))::BIGINT]
        ELSE agent_id
    END AS agent_id,
    CASE WHEN sender = 'agent' AND one_in(15, row, 'event') THEN 'system' ELSE sender END AS sender,
    CASE
        WHEN sender IN ('agent', 'robot') AND one_in(10, row, 'no mode') THEN NULL
        WHEN sender = 'robot' AND one_in(5, row, 'human') THEN 'human'
        WHEN sender = 'agent' AND one_in(10, row, 'auto') THEN 'auto'
        ELSE reply_mode
    END AS reply_mode,
    CASE
        WHEN sender = 'agent' AND one_in(15, row, 'event') THEN 'transfer'
        WHEN kind = 'close' AND one_in(2, row, 'transfer') THEN 'transfer'
        WHEN sender = 'system' AND one_in(10, row, 'unknown') THEN 'note'
        ELSE kind
    END AS kind,
    CASE
        WHEN one_in(200, row, 'yesterday') THEN sent_at - INTERVAL 1 DAY
        WHEN one_in(3, session_id, 'minutes') THEN date_trunc('minute', sent_at)
        WHEN one_in(50, row, 'late') THEN sent_at + INTERVAL 7 MINUTE
        ELSE sent_at
    END AS sent_at,
    row AS seq,
    CASE WHEN one_in(30, row, 'no text') THEN NULL WHEN one_in(30, row, 'emoji') THEN '👍🏽' || text ELSE text END AS text,
    CASE WHEN one_in(100, row, 'unknown') THEN NULL ELSE recalled OR one_in(40, row, 'recalled') END AS recalled,
    platform,
    row
FROM numbered
JOIN colleagues USING (shop_id);

-- Repeats come later in the file, some of them to say that the message was recalled.
COPY (
    SELECT * EXCLUDE (row, place)
    FROM (
        SELECT *, row + CASE WHEN one_in(20, row, 'out of order') THEN hash(row) % 5000 ELSE 0 END AS place FROM spoiled
        UNION ALL
        SELECT * REPLACE (recalled OR one_in(3, row, 'recalled later') AS recalled), row + 1 + hash(row) % 2000 AS place
        FROM spoiled
        WHERE one_in(30, row, 'repeated')
    )
    ORDER BY place, row, recalled
) TO '{target}' (FORMAT parquet, COMPRESSION zstd);
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="glob of Parquet files")
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    args.target.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute("SET VARIABLE source = ?", [args.source])
    con.execute(SPOIL.format(target=args.target))


if __name__ == "__main__":
    main()
