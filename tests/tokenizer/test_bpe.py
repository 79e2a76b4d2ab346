"""The log tokenizer: nothing is lost on the way to tokens and back, and commands and field names stay whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from loglm.artifacts.folder import default_model_dir
from loglm.errors import InputError
from loglm.events.lines import decode_line
from loglm.events.masking import PLACEHOLDERS
from loglm.tokenizer.bpe import SPECIAL_TOKENS, load_tokenizer, train_tokenizer
from loglm.tokenizer.command_words import COMMAND_WORDS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SUDO = "sudo: root : TTY=unknown ; PWD=/ ; USER=root ; COMMAND=/bin/ip netns identify 4867"
TEXTS = [
    "linux/sshd sshd\nFailed password for <user> from <ip4:public> port <port> ssh2",
    "linux/sudo COMMAND\nCOMMAND=/bin/cat /etc/passwd\nPWD=/home/<user>\nTTY=pts/0\nUSER=root",
    "windows/security/process_creation 4688\nNewProcessName=C:\\Windows\\System32\\cmd.exe\nTargetUserName=<user>",
] * 4
LOG_PARTS = st.sampled_from(
    [
        *SPECIAL_TOKENS,
        *PLACEHOLDERS,
        "\r\n",
        "\t",
        "  ",
        "10.0.0.7",
        ":51512",
        "C:\\Windows",
        "userName=",
        "\ufffd",
        "é",
    ]
)


def shipped() -> Tokenizer:
    path = default_model_dir() / "tokenizer.json"
    if not path.is_file():
        pytest.skip("needs the shipped model, src/loglm/data/model")
    return load_tokenizer(path)


@pytest.fixture(scope="module", params=["shipped", "trained"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return shipped() if request.param == "shipped" else train_tokenizer(TEXTS, vocab_size=1_000)


def round_trip(tokenizer: Tokenizer, text: str) -> str:
    decoded: str = tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=True)
    return decoded


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    """The text of each token without the blank before it."""
    return [text[start:end].strip() for start, end in tokenizer.encode(text, add_special_tokens=False).offsets]


@given(st.binary(max_size=200))
@example(bytes(range(256)))
def test_every_line_of_bytes_survives_as_readers_decode_it(tokenizer: Tokenizer, line: bytes) -> None:
    text = decode_line(line)
    assert round_trip(tokenizer, text) == text


@given(st.text(max_size=200) | st.lists(LOG_PARTS | st.text(max_size=8), max_size=12).map("".join))
def test_every_text_survives(tokenizer: Tokenizer, text: str) -> None:
    assert round_trip(tokenizer, text) == text


@given(st.text(st.characters(categories=["Cs"]), min_size=1, max_size=4))
def test_lone_surrogates_are_refused(tokenizer: Tokenizer, text: str) -> None:
    with pytest.raises(TypeError):
        tokenizer.encode(f"user={text}")


@pytest.mark.parametrize("token", SPECIAL_TOKENS)
def test_a_log_cannot_write_special_tokens(tokenizer: Tokenizer, token: str) -> None:
    ids = tokenizer.encode(f"user={token} did", add_special_tokens=False).ids
    assert min(ids) >= len(SPECIAL_TOKENS)


@pytest.mark.parametrize("placeholder", PLACEHOLDERS)
def test_placeholders_are_one_token(tokenizer: Tokenizer, placeholder: str) -> None:
    assert placeholder in pieces(tokenizer, f"user={placeholder},x")


@pytest.mark.parametrize("word", ["TTY", "PWD", "USER", "COMMAND", "netns", "identify"])
def test_shipped_tokenizer_keeps_fields_of_sudo_whole(word: str) -> None:
    assert word in pieces(shipped(), SUDO)


@pytest.mark.parametrize("word", ["TTY", "PWD", "USER", "COMMAND", "netns", "identify"])
def test_trained_tokenizer_keeps_words_whole_that_its_texts_lack(word: str) -> None:
    texts = [text for text in TEXTS if "sudo" not in text]
    assert word in pieces(train_tokenizer(texts), SUDO)


def test_every_command_word_is_one_token_with_and_without_a_blank() -> None:
    tokenizer = train_tokenizer(TEXTS)
    forms = [form for word in COMMAND_WORDS for form in (word, f" {word}")]
    assert [form for form in forms if len(tokenizer.encode(form, add_special_tokens=False).ids) != 1] == []


def test_whole_words_cost_a_full_vocabulary_its_last_merges_only() -> None:
    plain = train_tokenizer(TEXTS, vocab_size=420, whole_words=())
    kept = train_tokenizer(TEXTS, vocab_size=420, whole_words=["netns"])
    assert kept.get_vocab_size() == plain.get_vocab_size() == 420
    assert pieces(kept, "netns") == ["netns"]
    lost = plain.get_vocab().keys() - kept.get_vocab().keys()
    assert len(lost) == len(kept.get_vocab().keys() - plain.get_vocab().keys())
    learned = len(plain.get_vocab()) - len(PLACEHOLDERS)
    assert {plain.token_to_id(token) for token in lost} == set(range(learned - len(lost), learned))


def test_trained_tokenizer_survives_saving(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(TEXTS, vocab_size=600)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    loaded = load_tokenizer(tmp_path / "tokenizer.json")
    assert loaded.encode(SUDO + "[MASK]").ids == tokenizer.encode(SUDO + "[MASK]").ids


def test_too_small_a_vocabulary_is_refused() -> None:
    with pytest.raises(InputError, match="ids are fixed"):
        train_tokenizer(TEXTS, vocab_size=300)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no tokenizer here"), ("no", "not a tokenizer file"), ("other", "another kind")]
)
def test_other_files_are_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    from tokenizers import Tokenizer, models

    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_text(Tokenizer(models.BPE()).to_str() if content == "other" else content)
    with pytest.raises(InputError, match=reason):
        load_tokenizer(path)
