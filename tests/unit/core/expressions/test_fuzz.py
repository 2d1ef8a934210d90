"""Whatever is written as a template: it is refused, or it renders to something bounded."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.expressions import TemplateError, compile_template
from apps.core.expressions.template import MAX_OUTPUT_CHARS

CONTEXT = {
    "host": "web1",
    "many": ["\\\\"] * 50,
    "deep": {"a": {"b": [1, 2]}},
    "count": 80,
    "long": "x" * 30_000,
    "nothing": None,
}
ATOMS = st.sampled_from(
    ["host", "many", "deep", "count", "long", "nothing", "missing", "deep.a.b", "host.__class__", "1", "-7", "2.5",
     "10**18", "'\\\\'", "'a{{b'", "[]", "{}", "{'a': host}", "true", "none", "''", "'1e999'", "'9' * 9"]
)  # fmt: skip
FILTERS = st.sampled_from(
    ["string", "upper", "lower", "trim", "int", "float", "first", "last", "length", "abs", "default('x')", "d(long)",
     "join", "list", "tojson", "format(1)", "attr('__class__')", "trim('x')", "int(base=99)", "center(10**9)"]
)  # fmt: skip
OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "**", "~", "and", "or", "==", "<", "in", "is", "not", "if"])
TESTS = st.sampled_from(["defined", "divisibleby(0)", "sameas(host)", "eq(1)", "in(many)", "mapping", "filter"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, OPERATORS, inner).map(lambda parts: "({} {} {})".format(*parts)),
        st.tuples(inner, FILTERS).map(lambda parts: "({}|{})".format(*parts)),
        st.tuples(inner, TESTS).map(lambda parts: "({} is {})".format(*parts)),
        st.tuples(inner, inner).map(lambda parts: "{}[{}]".format(*parts)),
        st.tuples(inner, inner, inner).map(lambda parts: "({} if {} else {})".format(*parts)),
        st.tuples(inner, st.integers(1, 12)).map(lambda parts: "[" * parts[1] + parts[0] + "]|string" * parts[1]),
        inner.map(lambda text: f"[{text}, {text}]"),
        inner.map(lambda text: f"{text}[::-1]"),
        inner.map(lambda text: f"{text}.upper()"),
    )


EXPRESSIONS = st.recursive(ATOMS, _larger, max_leaves=12)
TEMPLATES = st.one_of(
    EXPRESSIONS.map(lambda text: f"{{{{ {text} }}}}"),
    st.tuples(EXPRESSIONS, EXPRESSIONS).map(lambda parts: "{{{{ {} }}}}-{{{{ {} }}}}".format(*parts)),
    st.lists(st.sampled_from(["{{", "}}", "{%", "%}", "{#", "for", "host", "|", "(", "[", "'", "~", "-", "1"])).map(
        "".join
    ),
    st.text(max_size=40).map(lambda text: f"{{{{{text}}}}}"),
)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEMPLATES)
def test_a_template_is_refused_or_bounded_whatever_stands_in_it(source: str) -> None:
    try:
        value = compile_template(source).render(CONTEXT)
    except TemplateError:
        return
    assert not isinstance(value, str) or len(value) <= MAX_OUTPUT_CHARS
