import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from rushes.cli.failures import EXIT_CODES, MEANINGS, exit_code
from rushes.cli.main import cli
from rushes.errors import RushesError

from .conftest import IMAGE, KEY, VIDEO, Commands


def _classes(root: type[RushesError]) -> Iterator[type[RushesError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == "rushes.errors":
            yield from _classes(child)


EXPECTED = {
    "RequestError": 2, "InvalidModel": 2, "InvalidPayload": 2, "InvalidMedia": 2,
    "IdempotencyConflict": 2, "JobNotFound": 2, "SetupError": 2, "CatalogError": 2,
    "ForkedClient": 2, "SubmissionUncertain": 3, "MoneyError": 4, "InsufficientCredits": 4,
    "BudgetExceeded": 4, "Unpriced": 4, "CredentialError": 5, "MissingCredential": 5,
    "AuthFailed": 5, "RushesError": 6, "ProviderError": 6, "RateLimited": 6, "NetworkError": 6,
    "TaskNotFound": 6, "NotCancelable": 6, "UnknownError": 6, "JobFailed": 1, "ContentRefused": 1,
    "GenerationFailed": 1, "TimedOut": 1, "OutputExpired": 1, "OutputInvalid": 1,
    "JobCanceled": 1, "StoreError": 1, "WaitTimeout": 130,
}  # fmt: skip


@pytest.mark.parametrize("kind", list(_classes(RushesError)), ids=lambda kind: kind.__name__)
def test_every_error_has_its_exit_code(kind: type[RushesError]) -> None:
    """Each class of the error tree stands in the table, with the documented exit code."""
    assert kind.code in EXIT_CODES
    assert exit_code(kind("message")) == EXPECTED[kind.__name__]


def test_help_documents_every_exit_code() -> None:
    """`rushes --help` lists all exit codes, and no error has another one."""
    shown = CliRunner().invoke(cli, ["--help"]).output
    for code, meaning in MEANINGS.items():
        assert f"\n  {code:<5}{meaning}" in shown
    assert set(EXIT_CODES.values()) < set(MEANINGS)


@pytest.mark.parametrize(
    ("request_", "fault", "code", "error"),
    [
        (VIDEO, "create:fail", 1, "GENERATION_FAILED"),
        (IMAGE, "create:timeout", 1, "TIMED_OUT"),
        (VIDEO, "create:refuse-content", 1, "CONTENT_REFUSED"),
        (IMAGE, "download:expired-link", 1, "OUTPUT_EXPIRED"),
        (IMAGE, "download:corrupt", 1, "OUTPUT_INVALID"),
        (IMAGE, "create:drop-answer", 3, "SUBMISSION_UNCERTAIN"),
        (IMAGE, "create:status:status=500", 3, "SUBMISSION_UNCERTAIN"),
    ],
)
def test_failed_job(
    rushes: Commands, request_: tuple[str, ...], fault: str, code: int, error: str
) -> None:
    """A job that fails ends with its code, told on stderr and whole in the one JSON object."""
    rushes.sandbox.fault(fault)
    done = rushes(*request_, "--json")
    assert done.code == code, done.err
    assert done.json["error"]["code"] == error
    assert f"error {error}: " in done.err
    assert "Traceback" not in done.err
    assert sum(entry.action == "create" for entry in rushes.sandbox.requests()) == 1


def test_lost_answer_that_the_provider_lists_is_found(rushes: Commands) -> None:
    """Where the provider lists tasks, a lost answer still ends in the file, paid for once."""
    rushes.sandbox.fault("create:drop-answer")
    done = rushes(*VIDEO, "--json")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    assert rushes.sandbox.creates(KEY) == 1


def test_wrong_request(rushes: Commands) -> None:
    """Every problem is said at once; nothing is sent and no job is stored."""
    done = rushes("generate", "x", "-m", "t2v-v3", "-d", "7", "--set", "shape=1", "--json")
    assert done.code == 2
    problems = {one["parameter"] for one in done.json["error"]["problems"]}
    assert problems == {"aspect_ratio", "duration", "shape"}
    assert rushes.sandbox.requests() == ()
    assert rushes("jobs", "--json").json == []


def test_errors_without_json_leave_stdout_empty(rushes: Commands) -> None:
    """For people the error and its next step are on stderr alone."""
    done = rushes("generate", "x", "-m", "kling-9")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error INVALID_MODEL: There is no model 'kling-9'.")
    assert done.err.splitlines()[-1] == "List the models with: rushes models"


@pytest.mark.parametrize(
    ("variable", "key", "code", "error"),
    [
        ("AIVIDEO_API_KEY", None, 5, "MISSING_CREDENTIAL"),
        ("AIVIDEO_API_KEY", "bad-key-of-a-test", 5, "AUTH_FAILED"),
        ("AIVIDEO_API_KEY", "empty-key-of-a-test", 4, "INSUFFICIENT_CREDITS"),
    ],
)
def test_keys_and_credits(
    keyed: Commands,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    key: str | None,
    code: int,
    error: str,
) -> None:
    """A missing or refused key and an empty account name the variable or the provider's page."""
    if key is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, key)
    done = keyed(*VIDEO, "--json")
    told = done.json["error"]
    assert (done.code, told["code"]) == (code, error)
    assert "https://aivideomaker.ai" in told["message"]
    assert variable in told["message"] or code == 4
    assert key is None or key not in done.out + done.err


def test_budget(rushes: Commands) -> None:
    """A price over --max-credits is refused before anything is sent."""
    done = rushes(*VIDEO, "--max-credits", "19", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "BUDGET_EXCEEDED")
    assert rushes.sandbox.requests(action="create") == ()


def test_unpriced(keyed: Commands) -> None:
    """Without a terminal a price that nobody knows needs --allow-unpriced, once for each model."""
    refused = keyed(*IMAGE, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (4, "UNPRICED")
    allowed = keyed(*IMAGE, "--allow-unpriced", "--no-wait", "--json")
    assert (allowed.code, allowed.json["quote"]["source"]) == (0, "unknown")
    assert keyed(*IMAGE, "--no-wait", "--json").code == 0


def test_network(keyed: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody at the provider's address: 6."""
    monkeypatch.setenv("RUSHES_AIVIDEOMAKER_BASE_URL", "http://127.0.0.1:9")
    done = keyed("credits", "aivideomaker", "--json")
    assert done.code == 6
    assert done.json[0]["problem"]["code"] == "NETWORK_ERROR"


def test_unknown_task(rushes: Commands) -> None:
    """The provider knows no such task: 6."""
    done = rushes("jobs", "adopt", "aivideomaker", "no-such-task", "--json")
    assert (done.code, done.json["error"]["code"]) == (6, "TASK_NOT_FOUND")


def test_bad_setting(rushes: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used: 2, naming it."""
    monkeypatch.setenv("RUSHES_SANDBOX", "perhaps")
    done = rushes("models", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "INVALID_SETTING")
    assert "RUSHES_SANDBOX" in done.json["error"]["message"]


def test_usage_error_with_json(rushes: Commands) -> None:
    """A mistyped option is one JSON object too, with what is near."""
    done = rushes("generate", "x", "--modle", "y", "--json")
    assert done.code == 2
    assert "--model" in done.json["error"]["message"]
    assert "Usage: rushes generate" in done.err


def test_fault_of_our_own_is_no_traceback(
    rushes: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Rushes itself breaks: its place, not the error's text; RUSHES_DEBUG shows it whole."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError("something with a secret in it")

    monkeypatch.setattr("rushes.catalog.load", broken)
    done = rushes("models", "--json")
    assert done.code == 1
    assert json.loads(done.out)["error"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in done.out + done.err
    assert "ValueError" in done.err
    monkeypatch.setenv("RUSHES_DEBUG", "1")
    with pytest.raises(ValueError, match="something with a secret"):
        rushes("models")


def test_model_is_always_needed(rushes: Commands) -> None:
    """Without --model: 2, and where the models are listed."""
    for command in ("generate", "quote"):
        done = rushes(command, "a boat", "--json")
        assert done.code == 2
        assert "rushes models" in done.json["error"]["message"]
