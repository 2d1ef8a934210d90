from hypothesis import given
from hypothesis import strategies as st

from apps.runner.warden.wire import Cause, Order, Report

texts = st.binary(max_size=20).map(lambda text: text.replace(b"\0", b""))


@given(
    st.lists(texts, min_size=1, max_size=5),
    st.lists(texts, max_size=5),
    st.none() | st.floats(0.001, 1e6),
    st.none() | st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.lists(st.tuples(st.integers(0, 15), st.integers(-1, 2**62), st.integers(-1, 2**62)), max_size=3),
)
def test_an_order_comes_out_as_it_went_in(
    argv: list[bytes],
    environment: list[bytes],
    timeout_s: float | None,
    run_as: tuple[int, int] | None,
    rlimits: list[tuple[int, int, int]],
) -> None:
    order = Order(
        argv=argv,
        environment=environment,
        work_dir=b"/work/7-1",
        cwd=b"/packs/mine",
        timeout_s=timeout_s,
        grace_s=2.5,
        kill_on_silence=True,
        run_as=run_as,
        rlimits=rlimits,
    )

    again = Order.decode(order.encode())

    assert all(getattr(again, name) == getattr(order, name) for name in Order.__slots__)


def test_a_report_comes_out_as_it_went_in() -> None:
    report = Report(
        cause=Cause.TIMEOUT,
        wait_status=15,
        stage=3,
        error_number=2,
        out_of_memory=True,
        duration_s=1.5,
        cpu_s=0.5,
        max_rss_bytes=2**40,
        killed=7,
        unkillable=1,
    )

    again = Report.decode(report.encode())

    assert all(getattr(again, name) == getattr(report, name) for name in Report.__slots__)
