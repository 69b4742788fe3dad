"""The secrets of the channels, and the channels that can be set up with them.

An environment variable wins over `.streamlit/secrets.toml`, which Streamlit reads for its login as well:

    [alerts]
    slack_bot_token = "xoxb-…"          # or PROMPTPILOT_SLACK_BOT_TOKEN

    [alerts.checkout]                   # those of the contact point `checkout`
    pagerduty_routing_key = "…"         # or PROMPTPILOT_PAGERDUTY_ROUTING_KEY__CHECKOUT
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from alerts.policy import Policy
from alerts.policy.tree import ContactPoint
from alerts.telling.channels.apprise_services import SERVICES, Apprise
from alerts.telling.channels.channel import Channel
from alerts.telling.channels.email import Email, Login, is_address
from alerts.telling.channels.http_answers import host
from alerts.telling.channels.pagerduty import PagerDuty
from alerts.telling.channels.patience import Patience
from alerts.telling.channels.slack import Slack
from alerts.telling.channels.slack_webhook import SlackWebhook
from alerts.telling.channels.template import Template
from alerts.telling.channels.webhook import Webhook
from metrics.events.entries import nearest
from metrics.secrets import SECRETS_FILES, SecretsError, as_secret, section_of
from metrics.settings import Settings

PREFIX = "PROMPTPILOT_"
SECTION = "alerts"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Everything secret. What is printed of it are stars."""

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    """For buttons: an app-level token with the scope connections:write."""
    slack_webhook_url: SecretStr | None = None
    """For those who have no bot token."""
    pagerduty_routing_key: SecretStr | None = None
    smtp_user: SecretStr | None = None
    smtp_password: SecretStr | None = None
    webhook_secret: SecretStr | None = None
    msteams_url: SecretStr | None = None
    discord_url: SecretStr | None = None
    telegram_url: SecretStr | None = None
    opsgenie_url: SecretStr | None = None
    googlechat_url: SecretStr | None = None


NAMES = tuple(field.name for field in fields(Credentials))
_WITH_SPACES = ("smtp_user", "smtp_password", "webhook_secret")


def read_credentials(environment: Mapping[str, str], files: tuple[Path, ...] = SECRETS_FILES) -> Credentials:
    """The secrets of an environment, else of the files, which need not exist.

    Raises:
        SecretsError: names the variable, or the file and the key.
    """
    return _read(environment, files, "")


def read_points(
    environment: Mapping[str, str], points: Iterable[str], files: tuple[Path, ...] = SECRETS_FILES
) -> Mapping[str, Credentials]:
    """The secrets of contact points, by name; what a point has none of its own of is not taken from elsewhere.

    Raises:
        SecretsError: as `read_credentials` does.
    """
    return {point: _read(environment, files, point) for point in points}


def _read(environment: Mapping[str, str], files: tuple[Path, ...], point: str) -> Credentials:
    section = f"{SECTION}.{point}" if point else SECTION
    found: dict[str, SecretStr] = {}
    for file in files:
        for name, text in _in_file(file.expanduser(), point).items():
            found.setdefault(name, _checked(name, text, f"{file}, [{section}] {name}"))
    for name in NAMES:
        variable = f"{PREFIX}{name.upper()}" + (f"__{point.upper().replace('-', '_')}" if point else "")
        if text := environment.get(variable, "").strip():
            found[name] = _checked(name, text, variable)
    return Credentials(**found)


def missing(settings: Settings, credentials: Credentials) -> Mapping[str, str]:
    """The channels that are not set up, each with what to set."""
    alerts = settings.alerts
    needs = {
        "slack": (
            credentials.slack_bot_token or credentials.slack_webhook_url,
            "PROMPTPILOT_SLACK_BOT_TOKEN (an app's xoxb-… token) or PROMPTPILOT_SLACK_WEBHOOK_URL",
        ),
        "email": (
            alerts.email.host and is_address(_sender(settings, credentials)),
            "alerts.email.host, alerts.email.sender and alerts.email.to",
        ),
        "pagerduty": (credentials.pagerduty_routing_key, "PROMPTPILOT_PAGERDUTY_ROUTING_KEY (an integration key)"),
        "webhook": (alerts.webhook.url, "alerts.webhook.url"),
        **{
            name: (getattr(credentials, f"{name}_url"), f"PROMPTPILOT_{name.upper()}_URL ({service.example})")
            for name, service in SERVICES.items()
        },
    }
    return {name: what for name, (given, what) in needs.items() if not given}


def channels(
    settings: Settings,
    credentials: Credentials,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    patience: Callable[[], Patience] = Patience,
) -> Mapping[str, Channel]:
    """The channels that are set up, by the name that rules give them."""
    alerts, absent = settings.alerts, missing(settings, credentials)
    found: dict[str, Channel] = {}
    if credentials.slack_bot_token:
        interactive = credentials.slack_app_token is not None
        token, slack = credentials.slack_bot_token, alerts.slack
        found["slack"] = Slack(token, slack.channel, slack.api_url, interactive, patience())
    elif credentials.slack_webhook_url:
        found["slack"] = SlackWebhook(credentials.slack_webhook_url, patience())
    if "email" not in absent:
        sender, login = _sender(settings, credentials), _login(credentials)
        found["email"] = Email(alerts.email, sender, login, now, patience())
    if credentials.pagerduty_routing_key:
        found["pagerduty"] = PagerDuty(credentials.pagerduty_routing_key, alerts.pagerduty.events_url, patience())
    if alerts.webhook.url:
        template = Template(settings.home, alerts.webhook.template) if alerts.webhook.template else None
        secret, hosts = credentials.webhook_secret, _webhook_hosts(settings)
        found["webhook"] = Webhook(alerts.webhook.url, secret, template, now, patience(), hosts)
    for name in SERVICES:
        if url := getattr(credentials, f"{name}_url"):
            found[name] = Apprise(name, url, patience())
    return found


def _webhook_hosts(settings: Settings) -> Sequence[str]:
    """The hosts that the address of a rule may lead to: those that settings post to themselves, and those listed."""
    alerts = settings.alerts
    routed = [text.removeprefix("webhook:") for texts in alerts.routes.values() for text in texts]
    return [one for one in (host(alerts.webhook.url), *map(host, routed), *alerts.webhook_hosts) if one]


def of_points(
    settings: Settings,
    policy: Policy,
    own: Credentials,
    points: Mapping[str, Credentials],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Mapping[str, Channel]:
    """The channels of contact points that are set up, as targets name them: `slack@checkout`.

    A point that names a channel of Slack posts there with the home's token where it has none of its own, and one that
    names addresses mails by the home's server; nothing else is taken from the home.
    """
    found: dict[str, Channel] = {}
    for name, point in policy.contact_points.items():
        secrets = points.get(name, Credentials())
        if point.slack.channel and not (secrets.slack_bot_token or secrets.slack_webhook_url):
            secrets = replace(secrets, slack_bot_token=own.slack_bot_token, slack_app_token=own.slack_app_token)
        if secrets.smtp_user is None:
            secrets = replace(secrets, smtp_user=own.smtp_user, smtp_password=own.smtp_password)
        made = channels(_at_point(settings, point), secrets, now)
        found |= {f"{channel}@{name}": one for channel, one in made.items() if channel != "email" or point.email.to}
    return found


def _at_point(settings: Settings, point: ContactPoint) -> Settings:
    """The settings as a contact point has them."""
    alerts = settings.alerts
    slack = {"channel": point.slack.channel or alerts.slack.channel}
    changed = {
        "slack": alerts.slack.model_copy(update=slack),
        "email": alerts.email.model_copy(update={"to": point.email.to}),
        "webhook": alerts.webhook.model_copy(update=point.webhook.model_dump()),
    }
    return settings.model_copy(update={"alerts": alerts.model_copy(update=changed)})


def _in_file(file: Path, point: str) -> Mapping[str, object]:
    """What a file gives the home, or a contact point."""
    known = section_of(file, SECTION)
    where = SECTION
    if point:
        own = known.get(point, {})
        where = f"{SECTION}.{point}"
        if not isinstance(own, dict):
            raise SecretsError(f"{file}: {where}: expected a section: [{where}] on a line of its own")
        known = own
    else:
        # Sections are those of contact points.
        known = {name: text for name, text in known.items() if not isinstance(text, dict)}
    for name in known:
        if name not in NAMES:
            raise SecretsError(f"{file}, [{where}] {name}: is not known{nearest(name, NAMES)}")
    return {name: text for name, text in known.items() if text != ""}


def _checked(name: str, value: object, where: str) -> SecretStr:
    """A secret of a name. Raises SecretsError."""
    secret = as_secret(value, where, with_spaces=name in _WITH_SPACES)
    if name == "slack_webhook_url" and not secret.get_secret_value().startswith(("https://", "http://")):
        raise SecretsError(f"{where}: expected an address that begins with https://hooks.slack.com/")
    return secret


def _sender(settings: Settings, credentials: Credentials) -> str:
    """The address that mail comes from: that of the settings, else the user's, where that is one."""
    user = credentials.smtp_user
    return settings.alerts.email.sender or (user.get_secret_value() if user else "")


def _login(credentials: Credentials) -> Login | None:
    user, password = credentials.smtp_user, credentials.smtp_password
    return Login(user.get_secret_value(), password) if user and password else None
