"""What the timeline of an incident says."""

from tests.alerts.timetables import House, at, firing, resolved, rule, told

SEVERAL = [{"after": "15m", "to": ["slack:#leads"]}]


def entries(house: House) -> list[tuple[int, str, str]]:
    """Minute, kind and text of every entry."""
    return [(round((step.at - at(0)).total_seconds() / 60), step.kind, step.text) for step in house.steps]


def test_an_incident_is_told_from_its_beginning_to_its_end() -> None:
    house = told(
        """
         0  errors{endpoint=/chat} fires    | firing P1: slack
         2  latency{endpoint=/chat} fires   | update P1: slack
         9  errors{endpoint=/chat} recovers | update P1: slack
        15                                  | escalation P1: slack:#leads
        20  latency{endpoint=/chat} recovers| resolved P1: slack, slack:#leads
        """,
        rule("errors", "P1", notifications={"channels": ["slack"], "escalation": SEVERAL}),
        rule("latency", "P2"),
    )
    assert entries(house) == [
        (0, "firing", "Errors on /chat fires"),
        (2, "joined", "latency{endpoint=/chat} fires, too"),
        (9, "note", "errors{endpoint=/chat}: recovered"),
        (15, "escalated", "not acknowledged within 15m: slack:#leads"),
        (20, "note", "latency{endpoint=/chat}: recovered"),
        (20, "resolved", "recovered"),
    ]
    assert len({step.incident for step in house.steps}) == 1


def test_why_nobody_was_told_is_entered_when_it_changes() -> None:
    house = told(
        """
         0  ada silences all until 20
         0  errors fires
        """.replace("\n         0  errors", "; errors"),
        rule("errors", "P3"),
    )
    house.tick(20)
    assert entries(house) == [
        (0, "firing", "Errors fires"),
        (0, "withheld", "silenced by ada until 12:20 UTC: deploy"),
        (20, "withheld", "waits for the digest"),
    ]


def test_of_many_alerts_ten_are_named() -> None:
    house = House({"errors": rule("errors")})
    batch = house.tick(0, [firing(f"errors{{endpoint=/{n}}}") for n in range(2_000)])
    texts = [step.text for step in batch.steps if step.kind in ("joined", "note")]
    assert (len(texts), texts[-1]) == (11, "1,989 more alerts joined or left")


def test_flapping_is_entered_when_it_begins_and_when_it_is_over() -> None:
    house = House({"errors": rule("errors")})
    for minute in (0, 10, 20, 30):
        verb = "recovers" if minute % 20 else "fires"
        house.tick(minute, [house.alert(verb, firing("errors").key, minute)])
    house.tick(90)
    assert [text for _, kind, text in entries(house) if kind == "note" and "flaps" in text] == [
        "flaps: told again once nothing has changed for an hour", "no longer flaps",
    ]  # fmt: skip


def test_what_was_never_seen_to_fire_is_entered_at_its_times() -> None:
    house = House({"errors": rule("errors")})
    house.tick(60, [resolved("errors", 10, 20)])
    assert [minute for minute, _, _ in entries(house)] == [10, 20, 60]


def test_the_digest_enters_no_end_anew() -> None:
    house = told(
        """
         0  errors fires
         5  errors recovers
        10  digest          | digest P3: slack
        """,
        rule("errors", "P3"),
    )
    assert entries(house) == [
        (0, "firing", "Errors fires"),
        (0, "withheld", "waits for the digest"),
        (5, "resolved", "recovered"),
    ]
