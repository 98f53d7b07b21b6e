"""A catalogue of hostile feeds: what each server does, and what must come of it.

Each case stands in the file of its kind (documents, exhausting, stories, answers, places) with its
expectation beside it; `site` serves them all, `visits` polls them one by one, and the tests of
tests/service/test_hostile.py have the whole service poll them together.
"""
