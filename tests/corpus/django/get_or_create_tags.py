"""Finds or creates tags with get_or_create: a SELECT and an INSERT for each word, in turn."""

from tests.corpus.django._world import shop


def tags_of(text):
    tags = []
    for word in text.lower().split():
        tag, _ = shop.Tag.objects.get_or_create(word=word)  # expect: PK106
        tags.append(tag)
    return tags


def main(world):
    assert len(tags_of("Oak ash elm fir yew pine")) == 6
