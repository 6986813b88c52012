"""Exports one document after another; a decorator asks each time whether the same user may."""

from functools import wraps


class NotAllowedError(Exception):
    pass


def requires(permission):
    def decorate(function):
        @wraps(function)
        def wrapper(session, *args):
            row = session["conn"].execute(
                "SELECT 1 FROM grants WHERE user_id = ? AND permission = ?", (session["user"], permission)
            )
            if row.fetchone() is None:
                raise NotAllowedError(permission)
            return function(session, *args)

        return wrapper

    return decorate


@requires("export")
def export(session, document):
    return f"{document}.pdf for {session['user']}"


def export_all(session, documents):
    done = []
    for document in documents:
        done.append(export(session, document))  # expect: PK103  # noqa: PERF401
    return done


def main(world):
    session = {"conn": world.conn, "user": 4}
    return export_all(session, ["offer", "contract", "invoice", "reminder"])
