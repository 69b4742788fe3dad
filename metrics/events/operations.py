"""Events of running the product: errors, resources, probes, changes, security and the rest of a trace."""

from metrics.events.schema import FLOAT, INTEGER, TIMESTAMP, Column, Kind, duration, text

SEVERITIES = ("critical", "error", "warning", "info")

ERROR = Kind(
    "error",
    "An error was opened or resolved. One `error_id` may have several events; the first opens it.",
    (
        text("error_id", "Identity of the error over its life; the event's own where the source has none."),
        text("severity", "How bad.", one_of=SEVERITIES),
        text("status", "What happened to it.", one_of=("open", "resolved")),
        Column(
            "resolved_at", TIMESTAMP, "When it was resolved, where the source says so on the opening event.", unit="UTC"
        ),
        text("error_type", "Class of the error.", aliases=("exception_type", "error.type", "exception.type")),
        text("message", "The error's words.", aliases=("error_message", "exception", "exception.message")),
        text("endpoint", "Route on which it happened."),
        text("component", "Component in which it happened."),
        text("request_id", "The request that failed."),
    ),
    signature=(("error_id",), ("severity", "message"), ("error_type", "message")),
    aliases=("errors", "exception"),
)

RESOURCE = Kind(
    "resource",
    "A sample of one host's resources.",
    (
        text("host", "The machine.", required=True, aliases=("hostname", "host.name", "instance")),
        Column(
            "cpu_percent",
            FLOAT,
            "Busy share of all cores.",
            unit="%",
            minimum=0,
            maximum=100,
            aliases=("cpu", "cpu_usage"),
        ),
        Column("cpu_cores", INTEGER, "Number of cores.", minimum=0),
        Column("load_average", FLOAT, "Load over one minute.", minimum=0),
        Column("memory_used_mb", FLOAT, "Memory in use.", unit="MB", minimum=0),
        Column("memory_available_mb", FLOAT, "Memory free to use.", unit="MB", minimum=0),
        Column("storage_used_gb", FLOAT, "Disk in use.", unit="GB", minimum=0),
        Column("storage_available_gb", FLOAT, "Disk free to use.", unit="GB", minimum=0),
        Column("active_connections", INTEGER, "Open client connections.", minimum=0),
    ),
    signature=(("host", "cpu_percent"), ("host", "memory_used_mb"), ("host", "active_connections")),
    aliases=("resources", "host_metrics"),
)

HEALTH = Kind(
    "health",
    "One probe of a component or an external dependency.",
    (
        text("component", "api_gateway, database, cache, llm:<provider>, dependency:<name>, …", required=True),
        text("status", "What the probe found.", required=True, one_of=("healthy", "degraded", "down", "unknown")),
        duration("response_time_ms", "Time the probe took.", aliases=("response_ms", "latency_ms")),
        Column(
            "status_code",
            INTEGER,
            "HTTP status of the probe; 0 where nobody answered.",
            minimum=0,
            maximum=599,
            aliases=("http_status",),
        ),
        text("message", "What the probe said."),
    ),
    signature=(("component", "status"),),
    aliases=("health_check", "probe", "heartbeat"),
)

CHANGE = Kind(
    "change",
    "Something was changed, or an incident was declared: the marks on every time chart.",
    (
        text(
            "change_type",
            "What sort of change.",
            required=True,
            one_of=("deployment", "config", "maintenance", "incident"),
        ),
        text("name", "Name by which rules and people refer to it."),
        Column(
            "ended_at",
            TIMESTAMP,
            "End, where it has one. An incident that ends at its own `ts` ends those of its name that go on.",
            unit="UTC",
        ),
        text("component", "What was changed or struck."),
        text("severity", "How bad an incident was.", one_of=SEVERITIES),
        text("version", "Version deployed."),
        text("description", "What and why, in words."),
    ),
    signature=(("change_type",),),
    aliases=("changes", "deployment", "incident"),
)

SECURITY = Kind(
    "security",
    "A security-relevant act.",
    (
        text("action", "login_failed, unauthorized_access, token_revoked, …", required=True),
        text("outcome", "Whether it was let through.", one_of=("allowed", "blocked")),
        text("severity", "How bad.", one_of=SEVERITIES),
        text("source_ip", "Where it came from.", aliases=("ip", "client_ip")),
        text("endpoint", "Route on which it happened."),
        text("description", "What happened, in words."),
    ),
    signature=(("action", "source_ip"), ("action", "outcome")),
    aliases=("security_event", "audit"),
)

SPAN = Kind(
    "span",
    "A step of a trace that is no other kind: an agent, a tool, a query of a database, a call of another service.",
    (
        text("name", "What the step is called.", required=True, aliases=("span_name",)),
        text("span_kind", "server, client, producer, consumer or internal."),
        text("status", "ok, error, or unset where the program did not say."),
        text("status_message", "What the program said of an error."),
        duration("duration_ms", "Length of the step."),
    ),
    signature=(("name", "span_kind", "duration_ms"),),
    aliases=("spans",),
)
