import pytest

pytest_plugins = ["pytester"]

USER_TEST = """
import os
import urllib.request

def ask(sandbox):
    key = os.environ["MEDIAIO_API_KEY"]
    headers = {"X-API-KEY": key, "Content-Type": "application/json"}
    url = os.environ["RUSHES_MEDIAIO_BASE_URL"] + "/user/credits"
    with urllib.request.urlopen(urllib.request.Request(url, b"{}", headers)) as answer:
        assert answer.status == 200

def test_good(rushes_sandbox):
    ask(rushes_sandbox)
    rushes_sandbox.set(list_cap=3)
    rushes_sandbox.fault("any:status:status=500")
    assert len(rushes_sandbox.requests()) == 1

def test_bad(rushes_sandbox):
    assert rushes_sandbox.settings.list_cap is None
    ask(rushes_sandbox)
    assert rushes_sandbox.charged() == 1
"""


def test_fixture_in_a_users_test_run(pytester: pytest.Pytester) -> None:
    """Each test has a new world that the environment points to; a failed one shows its record."""
    pytester.makepyfile(USER_TEST)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*rushes sandbox: requests*", "POST http://127.0.0.1:*/user/credits -> 200"]
    )
    result.stdout.fnmatch_lines(["*as an HTTP archive: *rushes-sandbox.har"])
    (archive,) = pytester.path.rglob("rushes-sandbox.har")
    assert archive.read_bytes().startswith(b'{"log":')


def test_plugin_is_light(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that does not ask for the fixture loads nothing of the sandbox."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
        import sys

        def test_light():
            loaded = [name for name in sys.modules if name.split(".")[0] in
                      ("apsw", "PIL", "av", "h11", "asyncio", "msgspec", "aiohttp")]
            ours = [name for name in sys.modules if name.startswith("rushes.")]
            assert (loaded, ours) == ([], ["rushes.testing"])
        """
    )
    pytester.runpytest_subprocess("-p", "rushes.testing").assert_outcomes(passed=1)
