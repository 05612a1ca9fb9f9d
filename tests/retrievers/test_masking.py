"""Keys among parameters: known by their names, refused where they would be a label, masked in all that is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from fakes import Fixed, Keyed

from retrievers import RetrieverError, create, parameters, signature
from retrievers.masking import in_urls, masked, names_secret, refuse_secrets, secrets_around, secrets_of

SECRET = "sk-live-4f9a'77\\x"


@pytest.mark.parametrize(
    "name",
    "api_key apiKey API_KEY key my_key token hf_token access_token password db_password secret client_secret "
    "secret_value authorization Authorization credentials apikey".split(),
)
def test_names_of_secrets(name):
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    "k1 model tokenizer max_tokens tokens keyword monkey key_field token_pattern pad_token eos_token max_token "
    "num_keys sort_key text_key cache_key auth_type "
    "CREDENTIALS_DIRECTORY PASSWORD_STORE_DIR api_key_env password_file secret_name author keyed url".split(),
)
def test_names_of_others(name):
    assert not names_secret(name)


@pytest.mark.parametrize(
    "specification",
    [
        f"fakes:Keyed:api_key={SECRET}",
        f"fakes:Keyed:fails=true,api_key='{SECRET}'",
        f"fakes:Keyed:api_key={SECRET},nonsense",
        f"fakes:Keyed:nonsense,api_key={SECRET}",
        f"fakes:Keyed:api_kay={SECRET}",
        f"nobody:api_key={SECRET}",
    ],
)
def test_no_error_of_a_specification_repeats_a_secret(specification):
    with pytest.raises(RetrieverError) as caught:
        create(specification)
    assert "live-4f9a" not in str(caught.value)


def test_a_secret_on_the_command_line_is_refused_with_the_way_out():
    with pytest.raises(RetrieverError, match="api_key looks like a secret") as caught:
        create(f"fakes:Keyed:api_key={SECRET}")
    assert 'os.environ["API_KEY"]' in caught.value.hint
    with pytest.raises(RetrieverError, match="api_key looks like a secret"):
        refuse_secrets(f"their.module:Class:size=3,api_key={SECRET}")


@pytest.mark.parametrize(
    "value", ["https://user:{}@host/v1", "https://host/v1?api_key={}", "https://host/v1?model=a&key={}", "{}", "a-{}-b"]
)
def test_a_secret_within_a_value_is_refused(value, monkeypatch):
    monkeypatch.setenv("THEIR_API_KEY", "live-4f9a77")
    with pytest.raises(RetrieverError, match="told holds a secret") as caught:
        create(f"fakes:Starts:told={value.format('live-4f9a77')}")
    assert "4f9a" not in str(caught.value)


@pytest.mark.parametrize("value", ["https://user@host:80/v1", "https://host/v1?api-version=2&key_id=7", "a: b@c", "?"])
def test_other_values_are_taken(value, monkeypatch):
    monkeypatch.setenv("THEIR_API_KEY", "live-4f9a77")
    assert parameters(create(f"fakes:Starts:told={value}"))["told"] == value


def test_a_parameter_that_is_not_there_and_looks_like_a_key_is_told_where_keys_belong():
    with pytest.raises(RetrieverError, match="no parameter 'token'") as caught:
        create("bm25:token=live-4f9a77")
    assert "environment variables" in caught.value.hint


def test_of_an_object_a_password_in_a_url_is_masked():
    @dataclass
    class Reads(Fixed):
        url: str = ""

    shown = Reads(url="https://user:live-4f9a77@host/v1?api-version=2&key=live-other")
    assert parameters(shown)["url"] == "https://user:***@host/v1?api-version=2&key=***"
    assert "live" not in signature(shown)


def test_neither_signature_nor_parameters_show_a_secret_or_depend_on_it():
    keyed = Keyed(api_key=SECRET, headers={"Authorization": f"Bearer {SECRET}", "Accept": "*/*"})
    other = Keyed(api_key="another", headers={"Authorization": "Bearer another", "Accept": "*/*"})
    assert signature(keyed) == signature(other)
    assert parameters(keyed) == parameters(other)
    assert parameters(keyed)["api_key"] == "***"
    assert parameters(keyed)["headers"] == {"Authorization": "***", "Accept": "*/*"}
    assert "api_key=***" in signature(keyed)


def test_a_default_that_is_a_secret_is_not_listed():
    @dataclass
    class Careless(Fixed):
        password: str = SECRET
        token: str | None = None

    assert parameters(Careless) == {"step": 1.0, "password": "***", "token": None}


def test_a_field_says_itself_whether_it_is_a_secret():
    @dataclass
    class Says(Fixed):
        text_key: str = field(default="body", metadata={"secret": False})
        dsn: str = field(default="", metadata={"secret": True})

    shown = parameters(Says(dsn=SECRET))
    assert (shown["text_key"], shown["dsn"]) == ("body", "***")
    assert secrets_of(Says(dsn=SECRET)) == {SECRET}


class Client:
    """Neither a dataclass nor printable without its key."""

    def __init__(self, secret):
        self._settings = {"auth": {"api_keys": [secret]}}

    def __repr__(self):
        return f"Client({self._settings})"


def test_a_secret_within_a_client_is_masked_in_its_repr():
    @dataclass
    class Holds(Fixed):
        client: Client | None = None

    assert signature(Holds(client=Client(SECRET))) == signature(Holds(client=Client("another")))
    assert "live-4f9a" not in str(parameters(Holds(client=Client(SECRET))))


def test_no_number_and_no_switch_is_a_secret():
    """Else two retrievers that differ in one would have one signature."""

    @dataclass
    class Attends(Fixed):
        heads_per_key: int = 2
        use_auth: bool = False
        rotate_token: float = 0.5
        pin_token: int = field(default=0, metadata={"secret": True})

    assert parameters(Attends(pin_token=4711)) == {
        "step": 1.0,
        "heads_per_key": 2,
        "use_auth": False,
        "rotate_token": 0.5,
        "pin_token": "***",
    }
    assert signature(Attends(rotate_token=0.25)) != signature(Attends())
    assert create("fakes:Switched:use_auth=true").use_auth


def test_the_password_in_a_url_is_a_secret():
    dsn = f"postgresql://reader:{'hunter' * 2}@host:5432/texts"
    assert secrets_of(Keyed(url=dsn)) == {"hunter" * 2}
    assert signature(Keyed(url=dsn)) == signature(Keyed(url=dsn.replace("hunter", "gather")))
    assert in_urls("https://host:8080/v1?model=x&access_token=abc#end") == ["abc"]
    assert in_urls("http://localhost:11434/v1 at 10:30, a@b.c") == []


def test_the_password_in_a_url_of_the_environment_is_a_secret(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:live-4f9a@proxy:3128")
    assert "live-4f9a" in secrets_around()


def test_a_placeholder_is_masked_as_a_whole_word_alone():
    assert masked("the latest test_set is contested: 'test'", {"test"}) == "the latest ***_set is contested: '***'"


def test_a_secret_is_found_however_it_is_written():
    for text in (SECRET, repr(SECRET), f"url?key={SECRET.replace(chr(39), '%27').replace(chr(92), '%5C')}"):
        assert "live-4f9a" not in masked(f"refused: {text}", {SECRET})
    assert masked("nothing", {SECRET}) == "nothing"


def test_keys_are_sought_in_the_environment_and_the_working_directory_is_none(monkeypatch):
    for name, value in (("PWD", "/home/somebody"), ("SOME_API_KEY", "sk-live-4f9a77"), ("SHORT_TOKEN", "abc")):
        monkeypatch.setenv(name, value)
    around = secrets_around()
    assert "sk-live-4f9a77" in around
    assert not {"/home/somebody", "abc"} & around


def test_a_pool_of_connections_holds_no_secrets_but_its_own():
    urllib3 = pytest.importorskip("urllib3")
    pool = urllib3.PoolManager(headers={"Authorization": "Bearer sk-live-4f9a"})
    pool.connection_from_url("http://127.0.0.1:9/v1")  # kept under a key that names `key_password` and the like
    assert secrets_of(Keyed(url=pool)) == {"Bearer sk-live-4f9a", "sk-live-4f9a"}
