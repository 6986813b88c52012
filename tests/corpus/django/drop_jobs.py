"""Removes finished jobs: deletes each object by itself."""

from tests.corpus.django._world import shop


def drop(queryset):
    for job in queryset:
        job.delete()  # expect: PK105


def main(world):
    drop(shop.Job.objects.filter(state="queued"))
    assert not shop.Job.objects.exists()
