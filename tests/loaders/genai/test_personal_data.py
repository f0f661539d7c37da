"""What looks like personal data is counted by kind, what only resembles it is not, and no text costs without bound."""

from __future__ import annotations

from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratagraph.loaders.genai import personal_data as finding
from stratagraph.loaders.genai.personal_data import (
    MOST_CHARACTERS,
    MOST_FINDS,
    NOTHING_PERSONAL,
    PersonalData,
    personal_data,
    valid_card,
    valid_cnpj,
    valid_cpf,
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("write to ana.souza@example.com", PersonalData(emails=1)),
        ("José: jose+loja@exemplo.com.br, maria@correio.gov.br.", PersonalData(emails=2)),
        ("CPF 529.982.247-25", PersonalData(cpfs=1)),
        ("cpf=52998224725;", PersonalData(cpfs=1)),
        ("CNPJ 11.222.333/0001-81 (11222333000181)", PersonalData(cnpjs=2)),
        ("CNPJ 12.ABC.345/01DE-35, 12ABC34501DE35, 12.abc.345/01de-35", PersonalData(cnpjs=3)),
        ("card 4111 1111 1111 1111", PersonalData(cards=1)),
        ("5555-5555-5555-4444 or 378282246310005 or 3782 822463 10005", PersonalData(cards=3)),
        ("+55 11 91234-5678", PersonalData(phones=1)),
        ("+5511912345678, (11) 98765-4321, 11 98765-4321", PersonalData(phones=3)),
        ("+1 202 555 0143 or (415) 555-2671 or +44 7700 900123", PersonalData(phones=3)),
        ("call +55 11 91234-5678 2026", PersonalData(phones=1)),
        ("from 189.6.20.31 and 203.0.113.77:8080", PersonalData(addresses=2)),
        ("2804:14c:65d0::8 and 2001:db8:0:0:0:0:0:1", PersonalData(addresses=2)),
        ('[{"content":"my cpf\\n529.982.247-25\\tmail\\nana@example.com"}]', PersonalData(emails=1, cpfs=1)),
        ('{"cpf":"529.982.247-25","card":4111111111111111}', PersonalData(cpfs=1, cards=1)),
    ],
)
def test_personal_data_is_counted_by_kind(text: str, found: PersonalData) -> None:
    assert personal_data(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "order 4711, invoice 202611301845, ticket 123-456-7890, SKU 4111-1111",
        "2026-11-30T18:45:00.123456Z 30/11/2026 18:45:00",
        "1732992000 1732992000123 1732992000123456789",
        "trace 4bf92f3577b34da6a3ce929d0e0e4736 span 00f067aa0ba902b7 11111111111111111111111111111111",
        "550e8400-e29b-41d4-a716-446655440000",
        "v1.2.3.4, version 24.85.20.3, Chrome/120.0.6099.109, numpy==1.26.4.1, package-12.34.56.78.tar.gz",
        "10.0.0.5 127.0.0.1 192.168.20.31 172.16.20.31 ::1 fe80::1 255.255.255.0 189.6.20.0/24",
        "529.982.247-26 111.111.111-11 00000000000 12.ABC.345/01DE-36 11.222.333/0001-82",
        "4111 1111 1111 1112 and 1234567812345670, which nobody issues, and 0000000000000000",
        "x52998224725 52998224725x 0.52998224725 52998224725.5",
        "git@github.com:a/b.git icon@2x.png pkg@1.2.3 @app.route a@b user@localhost",
        "R$ 1.234.567,89 3.14159265358979 12:30:45 std::string a::b 00:1B:44:11:3A:B7",
        "+123456789012345 +12 345",
        "",
    ],
)
def test_what_only_resembles_it_is_not_counted(text: str) -> None:
    assert personal_data(text) == NOTHING_PERSONAL


def _with_check_digits(body: str) -> str:
    """The rule as the register's own table writes it: weights 2 to 9 from the right, the remainder of eleven."""
    for _ in range(2):
        weighted = sum((ord(one) - 48) * (2 + place % 8) for place, one in enumerate(reversed(body)))
        body += str(0 if weighted % 11 < 2 else 11 - weighted % 11)
    return body


@given(st.text(ascii_uppercase + digits, min_size=12, max_size=12).filter(lambda body: len(set(body)) > 1))
def test_every_cnpj_with_right_check_digits_is_one_and_no_other(body: str) -> None:
    right = _with_check_digits(body)
    others = [f"{body}{check:02}" for check in range(100)]
    assert [other for other in others if valid_cnpj(other)] == [right]
    shown = f"{right[:2]}.{right[2:5]}.{right[5:8]}/{right[8:12]}-{right[12:]}"
    assert personal_data(f"CNPJ: {shown}.").cnpjs == 1


@given(st.text(digits, min_size=9, max_size=9).filter(lambda body: len(set(body)) > 1))
def test_every_cpf_with_right_check_digits_is_one_and_no_other(body: str) -> None:
    (right,) = [f"{body}{check:02}" for check in range(100) if valid_cpf(f"{body}{check:02}")]
    first = sum(int(one) * (10 - place) for place, one in enumerate(body)) * 10 % 11 % 10
    second = (sum(int(one) * (11 - place) for place, one in enumerate(body)) + 2 * first) * 10 % 11 % 10
    assert right == f"{body}{first}{second}"
    assert personal_data(f"o CPF {right[:3]}.{right[3:6]}.{right[6:9]}-{right[9:]}, sim").cpfs == 1


@given(st.text(digits, min_size=11, max_size=11))
def test_of_ten_cards_that_differ_in_the_last_digit_one_is_right(body: str) -> None:
    assert sum(valid_card(f"4000{body}{last}") for last in range(10)) == 1


@given(st.text(max_size=300))
def test_any_text_is_looked_at(text: str) -> None:
    assert personal_data(text).total >= 0


def test_a_long_text_is_looked_at_where_it_begins_and_where_it_ends() -> None:
    between = "x " * MOST_CHARACTERS
    assert personal_data(f"ana@example.com {between} 529.982.247-25") == PersonalData(emails=1, cpfs=1)
    assert personal_data(f"{between} ana@example.com {between}") == NOTHING_PERSONAL


def test_no_more_finds_of_one_kind_are_counted_than_the_limit() -> None:
    assert personal_data("a@b.org " * 2_000).emails == MOST_FINDS


def test_two_texts_hold_what_both_hold() -> None:
    first, second = PersonalData(emails=1, cards=2), PersonalData(emails=3)
    assert first.joined(second) == PersonalData(emails=4, cards=2)
    assert first.greatest(second) == PersonalData(emails=3, cards=2)
    assert first.joined(second).total == 6


PIECES = (
    *("529.982.247-25", "52998224725", "11.222.333/0001-81", "11222333000181", "12.ABC.345/01DE-35", "12ABC34501DE35"),
    *("4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005", "189.6.20.31", "24.85.2.3", "2804:14c:65d0::8"),
    *("+1 202 555 0143", "(415) 555-2671", "11 98765-4321", "a@b.com", "2026-11-30T18:45:00", "version ", "ABCDEF"),
    *("+5511912345678", "140718704713296", "2026-11-30 13:45:59.123456", "e10ee28c-d57d-4adb-a4c4-07c5576e050a"),
    *(" ", " ", ",", ".", "-", "/", "+", "x", "A", "1", "12", "(", ")", ":", "\u0663", "\u00b2"),
)


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
def test_looking_near_digits_finds_what_looking_everywhere_finds(text: str) -> None:
    everywhere = [(0, len(text))]
    firms = finding._valid_firms(text, everywhere)
    cards = finding._found(finding._CARD, text, everywhere)
    assert personal_data(text) == PersonalData(
        emails=sum(finding._emails(text)),
        phones=finding._phones(text, everywhere, everywhere),
        cpfs=sum(valid_cpf(finding._plain(found.group())) for found in finding._found(finding._CPF, text, everywhere)),
        cnpjs=len(firms),
        cards=sum(valid_card(finding._plain(card.group())) for card in cards if card.start() not in firms),
        addresses=finding._addresses(text, everywhere),
    )


_NUMBERS = [
    "529.982.247-25",
    "52998224725",
    "529982247-25",
    "11.222.333/0001-81",
    "11222333000181",
    "112223330001-81",
    "12.ABC.345/01DE-35",
    "12ABC34501DE35",
    "12ABC34501DE-35",
    "12.abc.345/01de-35",
    "4111-1111-1111-1111",
    "4111111111111111",
    "378282246310005",
    "3782-822463-10005",
    "+5511912345678",
    "(11)98765-4321",
    "(11)987654321",
    "415-555-2671",
    "(415)555-2671",
    "189.6.20.31",
    "20.31.1.1",
    "2804:14c:65d0::8",
    "2001:db8:0:0:0:0:0:1",
    "12:30:45",
    "2026-11-30",
    "550e8400-e29b-41d4-a716-446655440000",
]
_SPACED = ("4111 1111 1111 1111", "3782 822463 10005", "+55 11 91234-5678", "(11) 98765-4321", "11 98765-4321")


@st.composite
def _nearly(draw: st.DrawFn) -> str:
    """A number that is counted or resembles one, at times with one sign exchanged."""
    number = draw(st.sampled_from((*_NUMBERS, *_SPACED)))
    if draw(st.booleans()):
        return number
    place = draw(st.integers(0, len(number) - 1))
    return (
        number[:place] + draw(st.sampled_from(" .-/()+:x1\n\u00e9\u0663")) + number[place + draw(st.integers(0, 1)) :]
    )


@given(st.lists(_nearly(), min_size=1, max_size=4), st.sampled_from(("", " ", ", ", "\\n", "/", "x", '"')))
def test_passing_over_texts_at_a_glance_changes_no_count(numbers: list[str], between: str) -> None:
    text = between.join(("", *numbers, ""))
    at_a_glance = finding._counted(text)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(finding, "_may_hold_numbers", lambda *_: True)
        assert finding._counted(text) == at_a_glance
