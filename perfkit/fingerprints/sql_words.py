"""Which words of SQL are keywords, and what each says about the statement around it.

The case of keywords is folded, that of names is not. So words that are common names of columns and tables are
keywords only where nothing else makes sense (``start``, ``key``), or never (``date``, ``user``).
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


FOLLOWING = {
    **dict.fromkeys(
        _words(
            """
            ABORT ATTACH BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY DEALLOCATE
            DECLARE DESCRIBE DETACH DISCARD EXEC EXECUTE EXPLAIN GRANT LISTEN LOAD LOCK MOVE
            NOTIFY PRAGMA PREPARE REFRESH REINDEX RELEASE RESET REVOKE ROLLBACK SHOW START
            TRUNCATE UNLISTEN UNLOCK VACUUM
            """
        ),
        frozenset({"", ";"}),
    ),
    "COLUMN": _words("ADD ALTER DROP RENAME"),
    "CONFLICT": _words("ON"),
    "DATABASE": _words("ALTER ATTACH CREATE DROP"),
    "DEFERRED": _words("BEGIN INITIALLY"),
    "DUPLICATE": _words("ON"),
    "EXCLUSIVE": _words("BEGIN"),
    "FILTER": _words(")"),
    "FIRST": _words("FETCH NULLS"),
    "IGNORE": _words("DELETE INSERT LOW_PRIORITY OR UPDATE"),
    "IMMEDIATE": _words("BEGIN INITIALLY"),
    "INDEX": _words("ALTER CONCURRENTLY CREATE DROP FORCE IGNORE REINDEX UNIQUE USE"),
    "INITIALLY": _words("DEFERRABLE"),
    "KEY": _words("DUPLICATE FOR FOREIGN NO PRIMARY UNIQUE"),
    "LAST": _words("NULLS"),
    "LOCKED": _words("SKIP"),
    "MATCHED": _words("NOT WHEN"),
    "NEXT": _words("FETCH"),
    "NO": _words("DELETE FOR UPDATE"),
    "NOTHING": _words("DO"),
    "PROCEDURE": _words("ALTER CREATE DROP REPLACE"),
    "SHARE": _words("FOR KEY"),
    "TEMP": _words("CREATE REPLACE"),
    "TRANSACTION": _words("AS BEGIN COMMIT DEFERRED EXCLUSIVE IMMEDIATE ROLLBACK SET START"),
    "TRIGGER": _words("CREATE DROP"),
    "VIEW": _words("ALTER CREATE DROP MATERIALIZED REPLACE TEMP TEMPORARY"),
    "WORK": _words("BEGIN COMMIT ROLLBACK"),
}
"""Words that are keywords behind one of these only ("": at the beginning), and good names elsewhere."""

KEYWORDS = frozenset(FOLLOWING) | _words(
    """
    ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC AUTOINCREMENT AUTO_INCREMENT BETWEEN BY CASCADE CASE CAST
    CHECK COLLATE CONCURRENTLY CONSTRAINT CREATE CROSS DEFAULT DEFERRABLE DELAYED DELETE DESC DISTINCT DO
    DROP ELSE END ESCAPE EXCEPT EXISTS FALSE FETCH FOR FORCE FOREIGN FROM FULL GLOB GROUP HAVING IF ILIKE
    IN INNER INSERT INTERSECT INTERVAL INTO IS ISNULL JOIN LATERAL LEFT LIKE LIMIT LOW_PRIORITY
    MATERIALIZED MERGE NATURAL NOT NOTNULL NOWAIT NULL NULLS OF OFFSET ON ONLY OR ORDER ORDINALITY OUTER
    OVER OVERLAPS PARTITION PRECEDING PRIMARY RECURSIVE REFERENCES REGEXP RENAME REPLACE RETURNING RIGHT
    RLIKE ROWS SAVEPOINT SELECT SET SIMILAR SKIP SOME STRAIGHT_JOIN TABLE TABLESAMPLE TEMPORARY THEN TO
    TRUE UNBOUNDED UNION UNIQUE UNLOGGED UPDATE USE USING VALUES WHEN WHERE WINDOW WITH WITHIN XOR
    """
)

OPERANDS = frozenset({"NULL", "END", "DEFAULT"})
"""Keywords that stand for a value: what follows is no sign and no placeholder's beginning."""

CALLED = frozenset({"ANY", "CAST", "IF", "LEFT", "REPLACE", "RIGHT", "SOME"})
"""Keywords that are mostly called like a function."""

BEFORE_NAMES = _words(
    "AS COLLATE COLUMN CONSTRAINT FROM INDEX INTO JOIN ONLY REFERENCES RELEASE SAVEPOINT TABLE UPDATE VIEW"
)
"""After these stands a name, so double quotes hold no text there."""

TRUTHS = frozenset({"TRUE", "FALSE"})

VERBS = _words(
    """
    ALTER ANALYZE ATTACH BEGIN CALL CHECKPOINT CLOSE CLUSTER COMMENT COMMIT COPY CREATE DEALLOCATE DECLARE
    DELETE DESCRIBE DETACH DISCARD DO DROP EXEC EXECUTE EXPLAIN FETCH GRANT INSERT LISTEN LOAD LOCK MERGE
    MOVE NOTIFY PRAGMA PREPARE REFRESH REINDEX RELEASE RENAME REPLACE RESET REVOKE ROLLBACK SAVEPOINT
    SELECT SET SHOW TABLE TRUNCATE UNLISTEN UNLOCK UPDATE USE VACUUM VALUES
    """
)

SYNONYMS = {"START": "BEGIN", "END": "COMMIT", "ABORT": "ROLLBACK", "DESC": "DESCRIBE"}
"""Verbs that do what another one does."""

TRANSACTION_VERBS = frozenset({"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"})
CATALOGUE_VERBS = frozenset({"PRAGMA", "SHOW", "DESCRIBE"})
MAIN_VERBS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "VALUES", "TABLE"})
"""What may follow the parts of a WITH."""

CATALOGUE = re.compile(
    r"(?:.*\.)?(?:pg_catalog|information_schema|performance_schema|mysql|sys)\..+"
    r"|(?:.*\.)?(?:pg_.+|pragma_.+|sqlite_(?:temp_)?(?:master|schema)|sqlite_(?:sequence|stat\d))",
    re.IGNORECASE,
)
"""Tables that tell what tables there are."""

ABOUT = re.compile(r"pg_catalog\..+|current_(?:schemas?|database)|@@", re.IGNORECASE)
"""What a query without tables has if it asks about the database."""
