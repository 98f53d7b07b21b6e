"""Queries of the rule language: of its own words in any order, and of anything else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.query import Query, QueryError, parse
from tests.fuzz.chance import chances, odd

_TOKENS = (
    *("AND", "OR", "NOT", "WHEN", "NEAR/3", "ONEAR/10000", "NEAR/99999", "UNLESS", "UNLESS/2"),
    *("(", ")", ",", "((", "))", "atleast/2(", "score/1.5(", "^2", "^-.5", "title:", "lead:"),
    *("summary:", "source:", "lang:", "url:", "entity:Q1", "side:russia", 'about:"ML"'),
    *("topic:sahel", "#arms", "@saved", "exact:AES", 'exact:"a b"', "fuel*", '"two words"', "mali"),
    *('"', "*", "near", "and", "nope:x", "#", "@", "^", ":", "/5", "~2", "!", "|", "&", "[", "]"),
)
token = st.one_of(st.sampled_from(_TOKENS), odd)
queries = st.builds(str.join, st.sampled_from(["", " ", "  \n"]), st.lists(token, max_size=40))
part = st.sampled_from(("mali", '"to the"', "#arms", "side:russia", "entity:Q1", "fuel*", "@saved"))
# Such as make sense, that trees come about at all.
whole = st.recursive(
    part,
    lambda inside: st.one_of(
        st.builds("{} {} {}".format, inside, st.sampled_from(["AND", "OR", "WHEN"]), inside),
        st.builds("{} {} {}".format, inside, st.sampled_from(["NEAR/3", "UNLESS"]), inside),
        st.builds("({})".format, inside),
        st.builds("NOT {}".format, inside),
        st.builds("title:{}".format, inside),
        st.builds("atleast/2({})".format, inside),
        st.builds("score/2({}^1.5, {})".format, inside, inside),
    ),
    max_leaves=30,
)
deep = st.builds(
    lambda start, end, times: start * times + "mali" + end * times,
    st.sampled_from(["(", "NOT ", "NOT\t", "title:", "atleast/2(", "score/1(", "(mali OR NOT "]),
    st.sampled_from([")", " AND a", " NEAR/2 b", "", ")^2"]),
    st.integers(1, 400),
)


@chances
@given(st.one_of(queries, whole, deep))
def test_a_query_is_read_or_refused_with_a_place_in_it(query: str) -> None:
    found = _read(query)
    if isinstance(found, QueryError):
        assert 0 <= found.column <= len(query)
        assert found.what
        assert found.shown(query).splitlines()[0]
        assert found.shown(query).endswith("^")


@chances
@given(st.one_of(queries, whole))
def test_a_query_that_was_read_is_written_so_that_it_reads_the_same(query: str) -> None:
    found = _read(query)
    if not isinstance(found, QueryError):
        assert parse(str(found)) == found


def _read(query: str) -> Query | QueryError:
    try:
        return parse(query)
    except QueryError as error:
        return error
