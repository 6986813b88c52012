"""Runs several actions of one user: a decorator asks for the same permission before each of them."""

import functools

import aiosqlite


def allowed(permission):
    def decorate(action):
        @functools.wraps(action)
        async def checked(db, user, *args):
            statement = "SELECT count(*) FROM grants WHERE user_id = ? AND permission = ?"
            async with db.execute(statement, (user, permission)) as cursor:
                if not (await cursor.fetchone())[0]:
                    raise PermissionError(permission)
            return await action(db, user, *args)

        return checked

    return decorate


@allowed("export")
async def export(db, user, what):
    return f"{what} of {user}"


async def export_all(db, user, things):
    return [await export(db, user, thing) for thing in things]  # expect: PK103


async def main(world):
    async with aiosqlite.connect(world.path) as db:
        assert len(await export_all(db, 5, ["posts", "comments", "orders", "profile"])) == 4
