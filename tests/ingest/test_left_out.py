"""Losses and remarks as sentences."""

from perfkit.ingest.left_out import MAX_SENTENCES, LeftOut


def test_losses_and_remarks_are_counted_apart():
    noted = LeftOut()
    noted.add("left out", "span", "without a trace id")
    noted.add("left out", "span", "without a trace id", 2)
    noted.add("left out", "line", "without an end", 0)
    noted.change("taken as roots", "span", "with a parent elsewhere")
    noted.say("the file ends early")
    noted.say("the file ends early")
    noted.remark("slow disk")
    assert noted.losses() == ["the file ends early", "left out: 3 spans without a trace id"]
    assert noted.remarks() == ["slow disk", "taken as roots: 1 span with a parent elsewhere"]


def test_many_different_sentences_are_counted():
    noted = LeftOut()
    for n in range(MAX_SENTENCES + 7):
        noted.say(f"file {n} is damaged")
    assert len(noted.losses()) == MAX_SENTENCES + 1
    assert noted.losses()[-1] == "and 7 more such remarks"
