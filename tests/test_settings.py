"""The environment is read once, refuses nonsense in one line and never shows a secret."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

import settings
from db.sealed import Keyring
from settings import ClockSeed, Environment, SettingsError, read

KEY = "A" * 43 + "="
SM4_KEY = "A" * 22 + "=="


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"FENGQIAO_{name.upper()}", raising=False)
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.delenv("PORT", raising=False)


def test_without_any_variable_the_embedded_defaults_hold(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.database_url == "sqlite://var/fengqiao.db"
    assert found.broadcast_url == "memory://"
    assert (found.host, found.port, found.workers) == ("127.0.0.1", 8000, 1)
    assert found.env is Environment.DEVELOPMENT
    assert found.clock is None
    assert not found.demo
    assert not found.trusted_documents
    assert found.media_dir == Path("var/media")


def test_variables_replace_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", "postgres://user:word@db.example:5432/name")
    monkeypatch.setenv("FENGQIAO_BROADCAST_URL", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv("FENGQIAO_DEMO", "1")
    monkeypatch.setenv("FENGQIAO_WORKERS", "4")
    monkeypatch.setenv("FENGQIAO_TRUSTED_DOCUMENTS", "1")
    monkeypatch.setenv("FENGQIAO_ALLOWED_ORIGINS", "https://a.example, http://b.example:8080")
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - the value under test, nothing is bound
    monkeypatch.setenv("PORT", "9000")
    found = read(tmp_path)
    assert found.database_url.endswith("/name")
    assert (found.demo, found.workers, found.host, found.port) == (True, 4, "0.0.0.0", 9000)  # noqa: S104 - the same
    assert found.allowed_origins == ("https://a.example", "http://b.example:8080")
    assert found.trusted_documents


def test_an_empty_variable_counts_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("FENGQIAO_SECRET_KEY", "")
    found = read(tmp_path)
    assert found.port == 8000
    assert len(found.secret_key.get_secret_value()) >= 32


def test_the_first_run_makes_keys_that_later_runs_keep_and_only_the_owner_reads(tmp_path: Path) -> None:
    first = read(tmp_path / "var")
    second = read(tmp_path / "var")
    assert first.secret_key == second.secret_key
    assert first.data_keys == second.data_keys
    files = sorted((tmp_path / "var").iterdir())
    assert [file.name for file in files] == ["data.keys", "secret.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_the_store_takes_the_keys_that_are_made(tmp_path: Path) -> None:
    made = read(tmp_path).data_keys.get_secret_value()
    assert len(Keyring.parse(made).oldest) == 32


def test_processes_that_start_together_agree_on_the_keys(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as starters:
        found = list(starters.map(read, [tmp_path / "var"] * 64))
    assert len({one.secret_key.get_secret_value() for one in found}) == 1
    assert len({one.data_keys.get_secret_value() for one in found}) == 1
    assert len(list((tmp_path / "var").iterdir())) == 2


def test_keys_that_are_given_are_used_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGQIAO_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("FENGQIAO_DATA_KEYS", f"k2:{KEY},k1:{KEY},sm4:{SM4_KEY}")
    found = read(tmp_path / "var")
    assert found.secret_key.get_secret_value() == "s" * 40
    assert not (tmp_path / "var").exists()


def test_no_secret_appears_in_the_settings_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", "postgres://user:wordofpass@db.example/name")
    monkeypatch.setenv("FENGQIAO_BROADCAST_URL", "redis://:wordofpass@db.example/0")
    found = read(tmp_path)
    shown = repr(found) + str(found)
    assert "wordofpass" not in shown
    assert found.secret_key.get_secret_value() not in shown
    assert found.data_keys.get_secret_value() not in shown


@pytest.mark.parametrize(
    ("text", "seed"),
    [
        ("2024-10-24T08:30:00+08:00", ClockSeed(datetime(2024, 10, 24, 0, 30, tzinfo=UTC))),
        ("2024-10-24T08:30 x60", ClockSeed(datetime(2024, 10, 24, 0, 30, tzinfo=UTC), 60.0)),
        ("2024-10-24T00:30:00Z x0.5", ClockSeed(datetime(2024, 10, 24, 0, 30, tzinfo=UTC), 0.5)),
    ],
)
def test_the_test_clock_has_a_start_and_a_speed(
    text: str, seed: ClockSeed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGQIAO_CLOCK", text)
    assert read(tmp_path).clock == seed


@pytest.mark.parametrize(
    ("variables", "start"),
    [
        ({"FENGQIAO_CLOCK": "yesterday"}, "FENGQIAO_CLOCK: write <ISO start>"),
        ({"FENGQIAO_CLOCK": "2024-10-24 x0"}, "FENGQIAO_CLOCK: the speed"),
        ({"PORT": "eighty"}, "PORT: "),
        ({"PORT": "70000"}, "PORT: "),
        ({"FENGQIAO_ENV": "staging"}, "FENGQIAO_ENV: "),
        ({"FENGQIAO_DATABASE_URL": "mysql://u:hidden@h/n"}, "FENGQIAO_DATABASE_URL: "),
        ({"FENGQIAO_BROADCAST_URL": "kafka://hidden"}, "FENGQIAO_BROADCAST_URL: "),
        ({"FENGQIAO_SECRET_KEY": "hidden"}, "FENGQIAO_SECRET_KEY: at least 32"),
        ({"FENGQIAO_DATA_KEYS": "k1:hidden"}, "FENGQIAO_DATA_KEYS: write id:base64key"),
        ({"FENGQIAO_DATA_KEYS": f"k1:{KEY},k1:{KEY}"}, "FENGQIAO_DATA_KEYS: write id:base64key"),
        ({"FENGQIAO_ALLOWED_ORIGINS": "hidden"}, "FENGQIAO_ALLOWED_ORIGINS: "),
        ({"FENGQIAO_WORKERS": "2"}, "FENGQIAO_WORKERS above 1 needs FENGQIAO_BROADCAST_URL"),
        (
            {"FENGQIAO_WORKERS": "2", "FENGQIAO_BROADCAST_URL": "redis://h/0"},
            "FENGQIAO_WORKERS above 1 needs FENGQIAO_DATABASE_URL",
        ),
        (
            {"FENGQIAO_ENV": "production", "FENGQIAO_CLOCK": "2024-10-24"},
            "FENGQIAO_CLOCK is refused",
        ),
        ({"FENGQIAO_ENV": "production", "FENGQIAO_DEMO": "1"}, "FENGQIAO_DEMO is refused"),
    ],
)
def test_a_bad_environment_is_refused_in_one_line_without_its_values(
    variables: dict[str, str], start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        read(tmp_path)
    message = str(refusal.value)
    assert message.startswith(start)
    assert "\n" not in message
    assert "hidden" not in message


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    with pytest.raises(SettingsError, match="cannot keep keys in"):
        read(tmp_path / "var")


def test_settings_are_frozen(tmp_path: Path) -> None:
    found = read(tmp_path)
    with pytest.raises(ValidationError):
        found.port = 1


def test_the_environment_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings.load.cache_clear()
    try:
        first = settings.load()
        monkeypatch.setenv("PORT", "9999")
        assert settings.load() is first
    finally:
        settings.load.cache_clear()


@pytest.mark.parametrize("variable", ["FENGQIAO_DATABASE_URL", "FENGQIAO_BROADCAST_URL"])
@pytest.mark.parametrize("port", ["abc", "99999", "0"])
def test_a_port_that_is_none_is_said_without_the_password(
    variable: str, port: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheme = "redis" if "BROADCAST" in variable else "postgres"
    monkeypatch.setenv(variable, f"{scheme}://user:topsecret@db.example:{port}/name")
    with pytest.raises(SettingsError, match=f"{variable}: write host:port") as refused:
        read(tmp_path)
    assert "topsecret" not in str(refused.value)


@pytest.mark.parametrize("start", ["0001-01-01", "1900-12-31", "2200-01-01", "9999-12-31T23:59"])
def test_a_test_clock_out_of_range_is_refused(
    start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGQIAO_CLOCK", start)
    with pytest.raises(SettingsError, match="FENGQIAO_CLOCK: the year must be from 1901 to 2199"):
        read(tmp_path)


def test_the_folder_of_keys_store_and_pictures_is_the_owners_alone(tmp_path: Path) -> None:
    read(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0
