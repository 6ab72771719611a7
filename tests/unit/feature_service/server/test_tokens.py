import json
from pathlib import Path

import pytest

from feature_service.server.errors import TokensError, UnauthenticatedError
from feature_service.server.tokens import holder_of, new_token, read_tokens


def test_a_new_token_is_known_by_the_line_that_was_printed_with_it(tmp_path: Path) -> None:
    token, line = new_token("dashboard", ("stockout.v1.RiskService/*",), 5.0, 10)
    file = tmp_path / "tokens.jsonl"
    file.write_text(f"# who has what\n\n{line}\n")
    assert holder_of(token, read_tokens(file)[0]).name == "dashboard"


def test_two_tokens_of_the_same_wish_differ() -> None:
    assert new_token("a", ("*",), 1.0, 1)[0] != new_token("a", ("*",), 1.0, 1)[0]


@pytest.mark.parametrize("token", ["", ".", "a.b", "é.ü", "\ud800.\ud800", "." * 10_000])
def test_whatever_is_no_token_is_nobodys(tmp_path: Path, token: str) -> None:
    file = tmp_path / "tokens.jsonl"
    file.write_text(new_token("a", ("*",), 1.0, 1)[1])
    with pytest.raises(UnauthenticatedError):
        holder_of(token, read_tokens(file)[0])


@pytest.mark.parametrize(
    ("allowed", "method", "may"),
    [
        ("*", "a.B/C", True),
        ("a.B/*", "a.B/C", True),
        ("a.B/*", "a.BB/C", False),
        ("a.B/C", "a.B/C", True),
        ("a.B/C", "a.B/CC", False),
        ("a.B/C", "a.B/", False),
    ],
)
def test_a_method_is_allowed_by_its_name_its_service_or_all(
    tmp_path: Path, allowed: str, method: str, may: bool
) -> None:
    file = tmp_path / "tokens.jsonl"
    token, line = new_token("a", (allowed,), 1.0, 1)
    file.write_text(line)
    assert holder_of(token, read_tokens(file)[0]).may_call(method) is may


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "12"},
        {"sha256": None},
        {"methods": "all"},
        {"methods": [1]},
        {"per_second": 0},
        {"per_second": float("nan")},
        {"burst": 0},
        {"burst": float("inf")},
        {"burst": 10**30},
        {"per_second": float("inf")},
        {"more": 1},
    ],
)
def test_a_line_that_is_not_whole_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "tokens.jsonl"
    _, line = new_token("a", ("*",), 1.0, 1)
    file.write_text(f"{line}\n{json.dumps({**json.loads(line), 'id': 'b', **change})}\n")
    holders, (problem,) = read_tokens(file)
    assert "line 2" in str(problem)
    assert [each.name for each in holders.values()] == ["a"], "the other line holds"


@pytest.mark.parametrize("line", ["[", "3", "[" * 100_000, '{"burst": 1e999}', "\x00"])
def test_whatever_stands_in_a_line_is_a_problem_with_its_number(tmp_path: Path, line: str) -> None:
    file = tmp_path / "tokens.jsonl"
    file.write_text(line)
    holders, (problem,) = read_tokens(file)
    assert not holders
    assert "line 1" in str(problem)


def test_a_file_that_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(TokensError, match=r"tokens\.jsonl"):
        read_tokens(file)


def test_an_id_that_is_there_twice_admits_nobody(tmp_path: Path) -> None:
    file = tmp_path / "tokens.jsonl"
    _, line = new_token("a", ("*",), 1.0, 1)
    file.write_text(f"{line}\n{line}\n")
    holders, (problem,) = read_tokens(file)
    assert not holders
    assert "twice" in str(problem)
