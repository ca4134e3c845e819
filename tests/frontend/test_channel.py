from __future__ import annotations

from frontend.client.channel import options


def test_a_channel_pings_as_often_as_it_is_told_and_not_at_all_at_zero() -> None:
    assert dict(options(2.5))["grpc.keepalive_time_ms"] == 2_500
    assert not [name for name, _ in options(0) if "keepalive" in name or "ping" in name]
    assert set(options(0)) < set(options())
