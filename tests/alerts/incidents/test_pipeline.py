"""From breach to person, as timetables: what happens in which minute, and who is told of it."""

import pytest

from alerts.incidents import Status
from tests.alerts.timetables import House, at, firing, resolved, rule, told

SLACK = frozenset({"slack"})
TO_SLACK = {"channels": ["slack"]}


def test_an_alert_is_told_once_again_after_a_while_and_at_its_end() -> None:
    told(
        """
         2  errors fires     | firing P0: slack, pagerduty, email
        62                   | repeat P0: slack, pagerduty, email
        70  errors recovers  | resolved P0: slack, pagerduty, email
        90
        """,
        rule("errors", "P0"),
    )


@pytest.mark.parametrize(("priority", "minutes"), [("P0", 60), ("P1", 240), ("P2", 720)])
def test_how_soon_it_is_told_again_depends_on_the_priority(priority: str, minutes: int) -> None:
    told(
        f"""
                  0  errors fires | firing {priority}: slack
          {minutes}               | repeat {priority}: slack
        {2 * minutes}             | repeat {priority}: slack
        """,
        rule("errors", priority, notifications=TO_SLACK),
    )


def test_a_rule_may_say_itself_how_soon_it_is_told_again() -> None:
    told(
        """
         0  errors fires | firing P0: slack
        10               | repeat P0: slack
        19
        """,
        rule("errors", "P0", notifications={"channels": ["slack"], "repeat": "10m"}),
    )


def test_what_was_acknowledged_is_not_told_again_but_its_end_is() -> None:
    told(
        """
          0  errors fires     | firing P0: slack
         30  ada acknowledges
        200  errors recovers  | resolved P0: slack
        """,
        rule("errors", "P0", notifications=TO_SLACK),
    )


def test_what_fires_again_after_its_end_is_told_again() -> None:
    told(
        """
         0  errors fires    | firing P1: slack
        20  errors recovers | resolved P1: slack
        40  errors fires    | firing P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK),
    )


def test_what_is_silenced_is_told_when_the_silence_ends_and_it_still_fires() -> None:
    house = told(
        """
         0  ada silences errors until 30
         5  errors fires
        30                   | firing P1: slack
        40  errors recovers  | resolved P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK),
    )
    assert [step.text for step in house.steps if step.kind == "withheld"] == ["silenced by ada until 12:30 UTC: deploy"]


def test_what_ends_while_it_is_silenced_is_told_to_nobody() -> None:
    house = told(
        """
         0  ada silences all until 30
         5  errors fires
        20  errors recovers
        60
        """,
        rule("errors", "P0"),
    )
    (incident,) = house.incidents.values()
    assert (incident.status, incident.withheld) == (Status.RESOLVED, "silenced by ada until 12:30 UTC: deploy")


def test_a_silence_holds_back_what_was_told_already() -> None:
    told(
        """
          0  errors fires                      | firing P0: slack
         10  ada silences errors until 90
         90                                    | repeat P0: slack
        100  ada silences errors until 200
        110  errors recovers                   | resolved P0: slack
        """,
        rule("errors", "P0", notifications=TO_SLACK),
    )


def test_a_deployment_suppresses_for_as_long_as_things_settle() -> None:
    told(
        """
         0  release begins as deployment
         4  errors fires
        10                 | firing P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK, suppression=[{"if": "release"}]),
    )


def test_maintenance_suppresses_until_it_ends_and_things_have_settled() -> None:
    told(
        """
         0  move begins as maintenance
         4  errors fires
        90  move ends
        95                 | firing P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK, suppression=[{"if": "move", "settle": "5m"}]),
    )


def test_a_weekly_span_suppresses() -> None:
    house = told(
        """
         0  errors fires
        30                 | firing P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK, suppression=[{"during": "fri 11:00-12:30", "reason": "backup"}]),
    )
    assert [step.text for step in house.steps if step.kind == "withheld"] == ["suppressed: backup"]


def test_alerts_that_share_a_label_are_one_incident_and_later_ones_change_the_first_message() -> None:
    house = told(
        """
         0  errors{endpoint=/chat} fires      | firing P1: slack, pagerduty
         3  latency{endpoint=/chat} fires     | update P1: slack
         9  errors{endpoint=/chat} recovers   | update P1: slack
        12  latency{endpoint=/chat} recovers  | resolved P1: slack, pagerduty
        """,
        rule("errors", "P1", notifications={"channels": ["slack", "pagerduty"]}),
        rule("latency", "P2"),
    )
    (incident,) = house.incidents.values()
    assert list(map(str, incident.members)) == ["errors{endpoint=/chat}", "latency{endpoint=/chat}"]


def test_a_more_severe_alert_takes_the_head_of_its_incident_and_is_told_anew() -> None:
    house = told(
        """
        0  latency{endpoint=/chat} fires  | firing P2: slack
        1  ada acknowledges
        4  errors{endpoint=/chat} fires   | firing P0: slack, pagerduty, email
        64                                | repeat P0: slack, pagerduty, email
        """,
        rule("errors", "P0"),
        rule("latency", "P2"),
    )
    (incident,) = house.incidents.values()
    assert (incident.head.rule, incident.priority, incident.opened_at) == ("errors", "P0", at(0))
    assert incident.status is Status.OPEN
    assert "P2 became P0, no longer acknowledged: Errors on /chat" in [step.text for step in house.steps]


def test_a_rise_is_told_even_where_only_those_told_before_can_be() -> None:
    told(
        """
        0  latency{endpoint=/chat} fires  | firing P2: slack
        4  errors{endpoint=/chat} fires   | firing P0: slack
        """,
        rule("errors", "P0", notifications={"channels": ["pagerduty"]}),
        rule("latency", "P2"),
        set_up=SLACK,
    )


def test_what_begins_more_than_five_minutes_later_is_another_incident() -> None:
    told(
        """
        0  errors{endpoint=/chat} fires   | firing P1: slack
        5  errors{endpoint=/mail} fires   | update P1: slack
        11 errors{endpoint=/news} fires   | firing P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK),
    )


def test_a_silenced_alert_does_not_raise_the_priority_at_which_others_are_told() -> None:
    told(
        """
        0  ada silences errors until 20
        1  errors{endpoint=/chat} fires
        3  latency{endpoint=/chat} fires  | firing P2: slack
        20                                | firing P0: slack, pagerduty, email
        """,
        rule("errors", "P0"),
        rule("latency", "P2"),
    )


ESCALATING = {
    "channels": ["slack"],
    "escalation": [
        {"after": "15m", "to": ["slack:#leads", "email:oncall@example.com"]},
        {"after": "45m", "to": ["pagerduty"]},
    ],
}


def test_what_nobody_acknowledges_escalates_step_by_step_and_all_who_were_told_hear_of_its_end() -> None:
    told(
        """
         0  errors fires    | firing P0: slack
        15                  | escalation P0: slack:#leads, email:oncall@example.com
        45                  | escalation P0: pagerduty
        60                  | repeat P0: slack
        70  errors recovers | resolved P0: slack, slack:#leads, email:oncall@example.com, pagerduty
        """,
        rule("errors", "P0", notifications=ESCALATING),
    )


def test_acknowledging_stops_escalation() -> None:
    told(
        """
          0  errors fires    | firing P0: slack
         15                  | escalation P0: slack:#leads, email:oncall@example.com
         30  ada acknowledges
        100
        """,
        rule("errors", "P0", notifications=ESCALATING),
    )


def test_what_was_silenced_escalates_from_when_it_was_told() -> None:
    told(
        """
         0  ada silences all until 40
         1  errors fires
        40                  | firing P0: slack
        55                  | escalation P0: slack:#leads, email:oncall@example.com
        """,
        rule("errors", "P0", notifications=ESCALATING),
    )


def test_a_rise_escalates_from_the_start() -> None:
    told(
        """
         0  latency{endpoint=/chat} fires  | firing P2: slack
         1  ada acknowledges
         4  errors{endpoint=/chat} fires   | firing P0: slack
        19                                 | escalation P0: slack:#leads, email:oncall@example.com
        """,
        rule("errors", "P0", notifications=ESCALATING),
        rule("latency", "P2"),
    )


def test_what_cannot_be_told_for_want_of_a_channel_escalates_to_those_who_can() -> None:
    told(
        """
         0  errors fires
        15                  | escalation P0: email:oncall@example.com
        60
        """,
        rule("errors", "P0", notifications=ESCALATING),
        set_up=frozenset({"email"}),
    )


def test_what_flaps_is_told_as_flapping_once_and_once_more_when_it_was_quiet_for_an_hour() -> None:
    house = told(
        """
          0  errors fires    | firing P1: slack
          5  errors recovers | resolved P1: slack
         10  errors fires    | firing P1: slack
         15  errors recovers | flapping P1: slack
         20  errors fires
         25  errors recovers
         55  errors fires
         58  errors recovers
        118                  | resolved P1: slack
        130  errors fires    | firing P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK),
    )
    assert len(house.incidents) == 3


def test_what_flaps_and_then_fires_on_is_told_again_after_an_hour() -> None:
    told(
        """
          0  errors fires    | firing P0: slack
          5  errors recovers | resolved P0: slack
         10  errors fires    | firing P0: slack
         15  errors recovers | flapping P0: slack
         20  errors fires
         80                  | repeat P0: slack
        """,
        rule("errors", "P0", notifications=TO_SLACK),
    )


def test_what_was_silenced_while_it_began_to_flap_is_told_as_flapping_when_the_silence_ends() -> None:
    told(
        """
         0  ada silences all until 30
         1  errors fires
         5  errors recovers
        10  errors fires
        15  errors recovers
        20  errors fires
        30                  | flapping P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK),
    )


def test_a_rule_that_is_removed_resolves_its_incident_with_that_reason() -> None:
    house = told(
        """
        0  errors fires      | firing P1: slack
        5  errors is removed | resolved P1: slack
        """,
        rule("errors", "P1", notifications=TO_SLACK),
    )
    assert [one.resolution for one in house.incidents.values()] == ["the rule was removed"]


def test_the_lowest_priority_is_told_in_the_digest_and_so_is_its_end() -> None:
    house = told(
        """
           0  cost fires
           9  cache fires
          20  cache recovers
          30  digest        | digest P3: slack
         100  digest
         200  cost recovers
        1470  digest        | digest P3: slack
        1480  digest
        """,
        rule("cost", "P3"),
        rule("cache", "P3"),
    )
    first, second = (notice for notice in house.notices)
    assert [one.title for one in first.others] == ["Cost", "Cache"]
    assert [(one.title, one.status) for one in second.others] == [("Cost", Status.RESOLVED)]


def test_the_digest_of_the_next_day_speaks_again_of_what_still_fires() -> None:
    told(
        """
           0  cost fires
           1  digest   | digest P3: slack
        1440  digest   | digest P3: slack
        """,
        rule("cost", "P3"),
    )


def test_a_digest_says_to_each_what_is_for_it() -> None:
    house = told(
        """
         0  cost fires
         9  cache fires
        30  digest        | digest P3: slack:#finance; digest P3: slack, email
        """,
        rule("cost", "P3", notifications={"channels": ["slack", "slack:#finance", "email"]}),
        rule("cache", "P3", notifications={"channels": ["slack", "email"]}),
    )
    assert sorted(len(notice.others) for notice in house.notices) == [1, 2]


def test_the_lowest_priority_is_told_at_once_when_something_severe_joins() -> None:
    told(
        """
        0  cost{model=gpt} fires
        3  errors{model=gpt} fires | firing P1: slack
        """,
        rule("cost", "P3"),
        rule("errors", "P1", notifications=TO_SLACK),
    )


def test_a_channel_that_is_not_set_up_is_left_out_and_the_timeline_says_so_once() -> None:
    house = told(
        """
          0  errors fires | firing P0: slack
         60               | repeat P0: slack
        120               | repeat P0: slack
        """,
        rule("errors", "P0"),
        set_up=SLACK,
    )
    assert [step.text for step in house.steps if "set up" in step.text] == ["pagerduty, email are not set up: left out"]


def test_without_any_channel_an_incident_waits_for_one() -> None:
    house = told("0 errors fires \n 30", rule("errors", "P0"), set_up=frozenset())
    assert [one.withheld for one in house.open] == ["no channel is set up"]
    assert [notice.withheld for notice in house.notices] == ["no channel is set up"]
    assert len([step for step in house.steps if "set up" in step.text]) == 2
    house.set_up = SLACK
    (notice,) = house.tick(31).notices
    assert (notice.kind, [str(one) for one in notice.targets]) == ("firing", ["slack"])
    assert [one.withheld for one in house.open] == [""]


def test_what_began_and_ended_while_nobody_was_there_is_recorded_and_not_told() -> None:
    house = House({"errors": rule("errors", "P0")})
    batch = house.tick(60, [resolved("errors", 10, 20, "P0", late=True)])
    (incident,) = batch.incidents
    assert incident.late
    assert (incident.opened_at, incident.resolved_at) == (at(10), at(20))
    assert not batch.notices
    assert [step.text for step in batch.steps] == [
        "Errors fires", "recovered", "began and ended while nobody was there to see it",
    ]  # fmt: skip


def test_what_began_while_nobody_was_there_and_goes_on_is_told() -> None:
    house = House({"errors": rule("errors", "P0")})
    batch = house.tick(60, [firing("errors", 10, "P0", late=True)])
    assert [notice.kind for notice in batch.notices] == ["firing"]


def test_an_incident_that_a_person_resolved_is_not_opened_again_by_what_still_fires() -> None:
    house = House({"errors": rule("errors", "P0")})
    (incident,) = house.tick(0, [firing("errors", 0, "P0")]).incidents
    del house.incidents[incident.id]
    assert not house.tick(100).notices
    assert not house.tick(101, [house.alert("recovers", firing("errors").key, 101)]).notices


def test_a_tick_in_which_nothing_changes_writes_nothing() -> None:
    house = House({"errors": rule("errors", "P0")})
    house.tick(0, [firing("errors{endpoint=/chat}", 0, "P0"), firing("errors{endpoint=/mail}", 0, "P0")])
    batch = house.tick(1)
    assert (batch.updated, batch.notices, batch.steps) == ((), (), ())
