"""Every knob, its default and its unit.

Values come from `settings.yaml` in the home directory; environment variables win over it:
`PROMPTPILOT_SLO__LATENCY_MS=300` sets `slo.latency_ms`.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

from metrics.holidays import HolidayList
from metrics.hosts import HostPatterns
from metrics.spark_settings import Engine, Spark
from metrics.storage_address import StorageAddress
from metrics.yaml_loader import TextualTimes
from metrics.zones import zone

_Days = Annotated[int, Field(ge=0)]
EVENT_KINDS = (
    "request", "llm_call", "prompt", "pipeline_run", "interaction", "web_vital", "feedback", "error", "resource",
    "health", "change", "security",
)  # fmt: skip
"""What settings may name: all of `metrics.events.KINDS`, which this room must not import, but `span`."""
SPAN = "span"
"""The kind that is kept for days of its own."""

_ADDRESS = re.compile(r"[^\s@]*@[^\s@]+")
"""A mail address, or a domain behind its `@`."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Slo(_Section):
    """Service-level objectives."""

    availability_target: Annotated[float, Field(gt=0, le=100)] = 99.9
    """Uptime promised, in percent."""
    latency_ms: Annotated[float, Field(gt=0)] = 200
    """The SLA line of the response-time charts, in milliseconds."""
    error_rate_percent: Annotated[float, Field(ge=0)] = 1
    """Error rate above which the error tile warns, in percent; critical from five times that."""
    mttr_minutes: Annotated[float, Field(gt=0)] = 60
    """Mean time to resolve an error that is aimed at, in minutes."""
    critical_components: tuple[str, ...] = ()
    """Components whose outage is an outage of the product. Empty: all but `llm:…` and `dependency:…`."""


class Errors(_Section):
    """What counts as an error."""

    client_errors_count: bool = False
    """Whether status 400–499 counts as an error."""


class Performance(_Section):
    """How response times are taken."""

    failed_requests: Literal["include", "exclude"] = "include"
    """Whether the response times of failed requests count."""


class Money(_Section):
    """What is spent, and what that is worth."""

    monthly_budget_usd: Annotated[float, Field(ge=0)] = 0
    """Budget of all calls of a calendar month, in USD; 0 is none. `budgets.yaml` may have one in its place, and
    others."""
    minutes_saved: dict[str, Annotated[float, Field(ge=0)]] = {}
    """Minutes of work that one successful prompt execution saves, by feature."""
    minutes_saved_default: Annotated[float, Field(ge=0)] = 5
    """The same, for features that are not listed."""
    hourly_rate_usd: Annotated[float, Field(ge=0)] = 60
    """What an hour of work costs, in USD."""
    working_hours_per_day: Annotated[float, Field(gt=0, le=24)] = 8
    """Hours that a person works on a day of use."""


class Ingest(_Section):
    """How files become events."""

    poll_seconds: Annotated[float, Field(gt=0)] = 2
    """How often the inbox is looked at, in seconds."""
    settle_seconds: Annotated[float, Field(ge=0)] = 2
    """How long a file that does not say where it ends (CSV, NDJSON) must be unchanged, in seconds."""
    incomplete_seconds: Annotated[float, Field(ge=0)] = 60
    """How long a Parquet file without its footer may wait for its end, in seconds."""
    after: Literal["archive", "keep", "delete"] = "archive"
    """What becomes of an inbox file once its events are stored."""
    batch_rows: Annotated[int, Field(ge=1_000, le=4_000_000)] = 1_500_000
    """Rows held in memory at a time."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 60
    """How long reading a file may go on without a sign, in seconds of its own: waiting for others does not count."""
    memory_mb: Annotated[int, Field(ge=256)] = 2048
    """Memory of its own that a process that reads files may use, in MB; one that reads alone twice as much."""


class Inbox(_Section):
    """Where files and live events of several homes meet."""

    url: StorageAddress = ""
    """Address of an inbox in object storage, such as `s3://bucket/inbox`: homes that only read a lake at `lake.url` put
    there what they receive, and the home that writes it stores that; empty is none. See `docs/object-storage.md`."""


class Lake(_Section):
    """Where events are kept, and how long."""

    url: StorageAddress = ""
    """Address of the object storage that the tables lie in, such as `s3://bucket/prefix`; empty keeps them in the home.
    Credentials come from the environment: see `docs/object-storage.md`."""
    writes: bool | Literal["auto"] = True
    """Whether this home may be the one that writes the lake. Where not, it only reads, and what it receives goes to
    `inbox.url`. With `auto`, homes that share `lake.url` and an alert database in PostgreSQL take turns: one at a time
    writes and evaluates alerts, and another takes its place when it dies."""
    lease_seconds: Annotated[float, Field(ge=1, le=600)] = 15
    """For how long a home that writes by turns does so after its last sign of life, in seconds."""
    refresh_seconds: Annotated[float, Field(gt=0)] = 2
    """How often a home that only reads a lake in object storage asks for news of it, in seconds."""
    cache_gb: Annotated[float, Field(gt=0)] = 20
    """Disk that files of a lake in object storage may take in the home, in GB; what was not asked for longest goes."""
    retention_days: _Days | dict[str, _Days] = 0
    """Days of events kept; 0 keeps all. By kind: `{llm_call: 60, request: 400}`; kinds that are not named are kept."""
    span_days: _Days = 14
    """Days of spans kept, the steps of traces that are no other kind of event; 0 keeps all."""
    rollup_days: _Days = 0
    """Days for which sums (rollups) are kept of events that are dropped; 0 keeps sums as long as their events."""
    vacuum_grace_hours: Annotated[float, Field(ge=0)] = 24
    """Hours for which files no longer referenced stay readable."""
    compact_files: Annotated[int, Field(ge=2)] = 16
    """Small files of one day that are merged once there are this many."""

    @field_validator("retention_days", mode="wrap")
    @classmethod
    def _days_by_kind(cls, value: object, check: ValidatorFunctionWrapHandler) -> int | dict[str, int]:
        try:
            days: int | dict[str, int] = check(value)
        except ValidationError as error:
            raise ValueError(
                f"{value!r} are no days; expected a whole number from 0 on, or one by kind: "
                "{llm_call: 60, request: 400}"
            ) from error
        unknown = [kind for kind in days if kind not in EVENT_KINDS] if isinstance(days, dict) else []
        if SPAN in unknown:
            raise ValueError("spans are kept for days of their own; say lake.span_days")
        if unknown:
            raise ValueError(f"{', '.join(unknown)} is no kind of events; expected some of {', '.join(EVENT_KINDS)}")
        return days

    def days_of_events(self, kind: str) -> int:
        """Days of events of a kind that are kept; 0 is all."""
        if kind == SPAN:
            return self.span_days
        return self.retention_days.get(kind, 0) if isinstance(self.retention_days, dict) else self.retention_days

    def days_of_rollups(self, kind: str) -> int:
        """Days of rollups of a kind that are kept, never fewer than of events; 0 is all."""
        return max(self.days_of_events(kind), self.rollup_days) if self.days_of_events(kind) else 0


class Slack(_Section):
    """Slack. Its tokens come from the environment or `.streamlit/secrets.toml`: see `docs/channels.md`."""

    channel: str = "#alerts"
    """Channel for alerts whose rule names none."""
    api_url: str = "https://slack.com/api/"
    """Where Slack's Web API is."""


class Email(_Section):
    """Mail by SMTP. User and password come from the environment or `.streamlit/secrets.toml`."""

    host: str = ""
    """Mail server; empty turns mail off."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Port of the mail server."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted."""
    sender: str = ""
    """Address that mail comes from."""
    to: tuple[str, ...] = ()
    """Addresses for alerts whose rule names none."""


class PagerDuty(_Section):
    """PagerDuty's Events API v2. The routing key comes from the environment or `.streamlit/secrets.toml`."""

    events_url: str = "https://events.pagerduty.com/"
    """Where the Events API is."""


class Webhook(_Section):
    """A POST of JSON, signed with HMAC-SHA256. The secret comes from the environment or `.streamlit/secrets.toml`."""

    url: str = ""
    """Address that is posted to; empty turns it off."""
    template: str = ""
    """File of the home with the body, in Jinja's language; empty posts all facts as JSON."""


class Alerts(_Section):
    """How alert rules are evaluated and told."""

    enabled: bool = True
    """Whether rules are evaluated at all."""
    shipped_rules: bool = True
    """Whether the rules that ship are in force where the home has no rule of the same id."""
    settle_seconds: Annotated[float, Field(ge=0)] = 10
    """How long events may take to arrive before their time is judged, in seconds."""
    patience_seconds: Annotated[float, Field(ge=0)] = 300
    """How long to wait for a lake that is behind before its time is judged by what there is, in seconds."""
    catch_up_seconds: Annotated[float, Field(ge=0)] = 3600
    """How far back evaluations that were missed are made up for, in seconds."""
    database_url: str = ""
    """SQLAlchemy address of the alert database, such as `postgresql+psycopg://…`; empty is SQLite in the home."""
    public_url: str = "http://localhost:8501"
    """Address of the pages, for links in messages."""
    heartbeat_url: str = ""
    """Address posted to every minute while alerts are evaluated, for a dead-man's switch outside; empty is none."""
    digest_at: str = "09:00"
    """Time of day, in `timezone`, at which the digest of P3 alerts is sent."""
    history_days: Annotated[int, Field(ge=1)] = 400
    """Days for which resolved incidents are kept."""
    routes: dict[Literal["P0", "P1", "P2", "P3"], tuple[str, ...]] = {
        "P0": ("slack", "pagerduty", "email"), "P1": ("slack", "email"), "P2": ("slack",), "P3": ("slack",),
    }  # fmt: skip
    """Who is told by priority, where a rule does not say; a channel that is not set up is left out."""
    slack: Slack = Slack()
    email: Email = Email()
    pagerduty: PagerDuty = PagerDuty()
    webhook: Webhook = Webhook()
    webhook_hosts: HostPatterns = ()
    """Hosts that a rule may name in `webhook:https://…` besides those that settings post to, such as
    `hooks.example.com` or `*.example.com`; `*` is any."""


class Web(_Section):
    """Where the pages are reached."""

    allowed_hosts: HostPatterns = ()
    """Names the pages answer to besides localhost, their own address and the host of `alerts.public_url`, such as
    `dash.example.com` or `*.example.com`; `*` is any."""


class Collect(_Section):
    """How live events are received. The token comes from the environment or `.streamlit/secrets.toml`."""

    enabled: bool = True
    """Whether events are received at all but as files."""
    address: str = "127.0.0.1"
    """Address to listen on; another than loopback needs a token."""
    port: Annotated[int, Field(ge=1, le=65535)] = 4318
    """Port for HTTP: OTLP and `/v1/events`."""
    grpc_port: Annotated[int, Field(ge=1, le=65535)] = 4317
    """Port for OTLP over gRPC."""
    content: Literal["drop", "hash", "keep"] = "drop"
    """What becomes of the texts of prompts and answers; `hash` keeps a fingerprint that tells equal ones."""
    host: bool = False
    """Whether processors, memory, disk and connections of the collector's machine are kept, a sample a minute."""
    live_minutes: Annotated[int, Field(ge=1, le=60)] = 15
    """Minutes of events that are kept for live numbers, and so the longest window of one."""

    @property
    def place(self) -> str:
        """Host and port at which this machine reaches the collector: what listens everywhere does on loopback, too."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.address, self.address)
        return f"{f'[{host}]' if ':' in host else host}:{self.port}"


ANYBODY, GROUP = "*", "group:"
"""How the lists of `Access` name whoever logs in, and how a group begins."""


class Access(_Section):
    """Who may do what on the pages, once a login is set up; the highest role that names somebody counts."""

    viewers: tuple[str, ...] = ()
    """Who may see the pages, by `ada@example.com`, `@example.com`, `group:NAME`, or `*` for whoever logs in."""
    operators: tuple[str, ...] = ()
    """Who may also acknowledge, silence and resolve alerts, and mark deployments and incidents; named likewise."""
    editors: tuple[str, ...] = ()
    """Who may also add files, say how they are read, change alert rules and save views; named likewise."""
    admins: tuple[str, ...] = ()
    """Who may also take back what was ingested; named likewise."""
    group_claim: str = "groups"
    """The claim of the login in which the provider names the groups of a person."""
    login_hours: Annotated[float, Field(gt=0)] = 12
    """How long a login counts, in hours."""

    @field_validator("viewers", "operators", "editors", "admins")
    @classmethod
    def _names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(name.strip() for name in names)
        for name in names:
            is_group = name.startswith(GROUP) and len(name) > len(GROUP)
            if not (name == ANYBODY or is_group or _ADDRESS.fullmatch(name)):
                raise ValueError(
                    f"{name!r} names nobody; expected ada@example.com, @example.com, group:NAME, "
                    "or * for whoever logs in"
                )
        return names


class _File(YamlConfigSettingsSource):
    """`settings.yaml`, in which a date that cannot be is wrong as that and not as YAML."""

    def _read_file(self, file_path: Path) -> dict[str, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        with file_path.open(encoding="utf-8") as file:
            return yaml.load(file, TextualTimes) or {}


class Settings(BaseSettings):
    """All settings of one home."""

    model_config = SettingsConfigDict(env_prefix="PROMPTPILOT_", env_nested_delimiter="__", extra="forbid", frozen=True)

    home: Path = Path("data")
    """Directory of inbox, lake, rollups, rejected files and state."""
    timezone: str = "UTC"
    """Time zone of new views, an IANA name."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        return zone(name).key

    holidays: HolidayList = ()
    """Days (of `timezone`) on which few come, such as `[2026-12-24, {date: 2026-12-25, name: Christmas}]`: what is
    learned by the hour of the week leaves them out, and on them too little is no alert. In forecasts they go like
    Sundays."""

    @property
    def days_off(self) -> tuple[date, ...]:
        """The dates of the holidays."""
        return tuple(one.date for one in self.holidays)

    slo: Slo = Slo()
    errors: Errors = Errors()
    performance: Performance = Performance()
    money: Money = Money()
    ingest: Ingest = Ingest()
    inbox: Inbox = Inbox()
    lake: Lake = Lake()
    spark: Spark = Spark()
    engine: Engine = Engine()
    alerts: Alerts = Alerts()
    web: Web = Web()
    collect: Collect = Collect()
    access: Access = Access()

    @model_validator(mode="after")
    def _turns(self) -> "Settings":
        if self.lake.writes == "auto" and not self.lake.url:
            raise ValueError("lake.writes is auto, so lake.url has to say which lake in object storage that is")
        if self.lake.writes == "auto" and not self.alerts.database_url.startswith("postgres"):
            raise ValueError("lake.writes is auto, so alerts.database_url has to name the PostgreSQL that homes share")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then `settings.yaml` of the home."""
        home = Path(str(init_settings().get("home") or os.environ.get("PROMPTPILOT_HOME", "data")))
        file = _File(settings_cls, yaml_file=home / "settings.yaml")
        return init_settings, env_settings, file


def load_settings(home: str | Path | None = None) -> Settings:
    """Settings of `home`, else of `PROMPTPILOT_HOME`, else of `data/`.

    Raises pydantic's `ValidationError` when a setting is unknown or out of range.
    """
    return Settings() if home is None else Settings(home=Path(home))
