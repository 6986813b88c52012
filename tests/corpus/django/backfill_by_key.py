"""Rewrites events in the background. Right: blocks of keys, each changed by one UPDATE."""

from tests.corpus.django._world import shop


class Backfill:
    size = 250

    def blocks(self, queryset):
        last = 0
        while keys := list(
            queryset.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[: self.size]
        ):
            yield keys
            last = keys[-1]

    def run(self):
        changed = 0
        for keys in self.blocks(shop.Event.objects.filter(kind="view")):
            changed += shop.Event.objects.filter(pk__in=keys).update(kind="seen")
        return changed


def main(world):
    assert Backfill().run() == 600
