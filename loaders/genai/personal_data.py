"""How many likely personal data a text holds: counted by kind, and never kept.

Everything here errs on the side of not counting: check digits, ranges of numbers and what stands around a find decide.
What a text of any length costs is bounded. Nothing here returns, logs or raises a part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

MOST_CHARACTERS: Final = 20_000
"""Of a longer text as much is looked at, half at its beginning and half at its end: a conversation grows at its end."""
MOST_COUNTED: Final = 50_000
"""Texts whose count is remembered, without the text."""
MOST_FINDS: Final = 200
"""Candidates of one kind in one text that are looked at."""

_BEFORE: Final = r"(?<![\w.+/-])"
_AFTER: Final = r"(?!\w|[./-]\w)"
_CPF: Final = re.compile(rf"{_BEFORE}(?:\d{{3}}\.\d{{3}}\.\d{{3}}-\d\d|\d{{9}}-?\d\d){_AFTER}", re.ASCII)
_CNPJ: Final = re.compile(
    # In lower case only where the points and strokes say what it is.
    rf"{_BEFORE}(?:[0-9A-Za-z]{{2}}\.[0-9A-Za-z]{{3}}\.[0-9A-Za-z]{{3}}/[0-9A-Za-z]{{4}}-\d\d|[0-9A-Z]{{12}}-?\d\d){_AFTER}",
    re.ASCII,
)
_CARD: Final = re.compile(
    rf"{_BEFORE}(?:\d{{4}}([ -]?)\d{{4}}\1\d{{4}}\1\d{{4}}(?:\1\d{{1,3}})?|\d{{4}}([ -]?)\d{{6}}\2\d{{4,5}}){_AFTER}",
    re.ASCII,
)
_BRANDS: Final = re.compile(
    # Visa, American Express, Mastercard, Diners, Discover, UnionPay, JCB, Elo, Hipercard.
    r"4\d{15}(?:\d{3})?|3[47]\d{13}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|(?:6011|64[4-9]\d|65\d\d)\d{12}|62\d{14,17}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|(?:509\d|5067|6362|6363|6504|6505|6516)\d{12}|606282\d{10}"
)
_RUN: Final = re.compile(r"\d(?:[ .()/-]{0,2}\d){5,}", re.ASCII)
"""Digits with little between them: in one run lies every number that is counted, but for letters in a firm's."""
_STRETCH: Final = re.compile(r"\d[\d .()/-]{5,}", re.ASCII)
"""What runs lie in, found in a fraction of the time."""
_LETTERED: Final = (
    re.compile(r"\.[0-9A-Za-z]{3}\.[0-9A-Za-z]{3}/", re.ASCII),
    re.compile(r"[0-9A-Z]{12}-?\d\d", re.ASCII),
)
"""Where a firm's number with letters may stand."""
_COLONS: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")
_SHAPES: Final = bytes(ord("0") if chr(code).isdigit() else code for code in range(128)) + bytes(128)
"""With this all digits look alike."""
_LETTERS: Final = bytes(
    ord("A") if chr(code).isdigit() or chr(code).isupper() else ord("a") if chr(code).isalpha() else code
    for code in range(128)
) + bytes(128)
"""With this capitals and digits look alike, and so do small letters."""
_NUMBER: Final = re.compile(
    rb"000(?:0{8}|0{6}-00|\.000(?:\.00|/0000-00)|0[ -]0000|0 0{6} 0000|0-0{6}-0000|-000-0000|00-0000)|0\) ?000"
)
"""Part of every number that is counted, but for telephones with a country's code, firms with letters, and addresses."""
_FOUR_PARTS: Final = re.compile(rb"0\.0{1,3}\.0{1,3}\.0")
_FIRM: Final = re.compile(rb"\.[Aa]{3}\.[Aa]{3}/")
_CLASSES: Final = bytes(
    ord("0") if chr(code).isdigit() else ord("A") if chr(code).isupper() else 0 for code in range(128)
) + bytes(128)
_MANY_LETTERS: Final = b"A" * 12
_BETWEEN: Final = b" .()/-"
_JOINED: Final = bytes(ord("0") if chr(code).isdigit() else ord(" ") for code in range(128)) + bytes(128)
"""With this and without what may stand between them, the digits of a run stand side by side."""
_ABROAD: Final = re.compile(r"(?<![\w+])\+\d(?:[ .()-]{0,2}\d){6,14}(?!\w)", re.ASCII)
_AT_HOME: Final = re.compile(
    r"(?<![\w(+/.-])(?:\(\d{2,3}\) ?\d{3,5}[ -]?\d{4}|\d{2} 9\d{4}-\d{4}|\d{3}-\d{3}-\d{4})(?![\w-])", re.ASCII
)
_AREAS: Final = {2: "BR", 3: "US"}
"""Whose numbers are known without a country's code, by the digits of their areas'; others' are told by it alone."""
_LOCAL: Final = re.compile(r"[\w%+'-](?:[\w.%+'-]{0,62}[\w%+-])?\Z")
_DOMAIN: Final = re.compile(r"(?:[\w-]{1,63}\.){1,8}([^\W\d_]{2,24})(?![\w-])")
_FILES: Final = frozenset({"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js"})
_PROGRAMS: Final = frozenset({"git", "hg", "svn"})
"""Who logs in so is no person."""
_IPV4: Final = re.compile(r"(?<![\w.+/-])(?:\d{1,3}\.){3}\d{1,3}(?![\w/-]|\.\w)", re.ASCII)
_IPV6: Final = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}(?![\w:])", re.ASCII)
_VERSION: Final = re.compile(r"(?:vers\w{0,4}|build|release|firmware|driver)\W{0,3}\Z", re.IGNORECASE)
_LEAST_DIGITS: Final = 6
_LEAST_AT_HOME: Final = 9
"""Digits of a number that is no address and does not begin with a country's code."""
_SOME_DIGITS: Final = b"0" * _LEAST_DIGITS
_MANY_DIGITS: Final = b"0" * _LEAST_AT_HOME
_DOTS: Final = 3
"""Those of an address."""
_CPF_DIGITS: Final = 11
_CNPJ_DIGITS: Final = 14
_LEAST_CARD: Final = 14
_Span: TypeAlias = tuple[int, int]
_WORD: Final = 16
_LOW: Final = 20
_EXAMPLES_4: Final = tuple(map(IPv4Network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")))
_EXAMPLE_6: Final = IPv6Network("2001:db8::/32")
"""Addresses that documents use where anybody's are meant."""
_ESCAPED: Final = re.compile(r"\\(?:[nrtbf\"/\\]|u[0-9a-fA-F]{4})")


class PersonalData(NamedTuple):
    """Likely personal data by kind."""

    emails: int = 0
    phones: int = 0
    cpfs: int = 0
    """Numbers of persons in Brazil's register of taxpayers."""
    cnpjs: int = 0
    """Numbers of firms there, which one-person firms have too."""
    cards: int = 0
    addresses: int = 0
    """Addresses on the Internet, of either version."""

    @property
    def total(self) -> int:
        """How many there are of all kinds."""
        return sum(self)

    def joined(self, other: PersonalData) -> PersonalData:
        """Return what two texts hold together."""
        return PersonalData(*map(sum, zip(self, other, strict=True)))

    def greatest(self, other: PersonalData) -> PersonalData:
        """Return what a text holds that two have told of."""
        return PersonalData(*map(max, zip(self, other, strict=True)))


NOTHING_PERSONAL: Final = PersonalData()


_COUNTED: Final[dict[int, PersonalData]] = {}


def personal_data(text: str) -> PersonalData:
    """Return what a text holds."""
    # A conversation is sent again with each of its turns. What is remembered of a text is its hash, salted by Python.
    known = hash(text)
    found = _COUNTED.get(known)
    if found is None:
        if len(_COUNTED) >= MOST_COUNTED:
            _COUNTED.clear()
        found = _COUNTED[known] = _counted(text)
    return found


def _counted(text: str) -> PersonalData:
    looked = _looked_at(text)
    emails = sum(_emails(looked)) if "@" in looked else 0
    signs = looked.encode("ascii", "replace")
    if not _may_hold_numbers(looked, signs):
        return PersonalData(emails=emails) if emails else NOTHING_PERSONAL
    letters = signs.translate(_CLASSES)
    # The check digits of a firm's number are the least that there are.
    runs = list(_runs(looked, letters, signs)) if letters.count(b"0") >= _LEAST_DIGITS else []
    firms = _valid_firms(looked, [*_holding(runs, letters, _CNPJ_DIGITS), *_lettered(looked, letters)])
    return PersonalData(
        emails=emails,
        phones=_phones(looked, *_dialled(looked, runs)),
        cpfs=sum(valid_cpf(_plain(one.group())) for one in _found(_CPF, looked, _holding(runs, letters, _CPF_DIGITS))),
        cnpjs=len(firms),
        cards=sum(
            valid_card(_plain(one.group()))
            for one in _found(_CARD, looked, _holding(runs, letters, _LEAST_CARD))
            if one.start() not in firms
        ),
        addresses=_addresses(looked, [run for run in runs if looked.count(".", *run) >= _DOTS]),
    )


def _may_hold_numbers(text: str, signs: bytes) -> bool:
    """Tell whether a text may hold a number that is counted: few do, though most hold dates, times and ids."""
    joined = signs.translate(_JOINED, _BETWEEN)
    if joined.count(b"0") <= 1:
        return False
    some = _SOME_DIGITS in joined and (b"+" in signs or signs.count(b".") >= _DOTS)
    if (some or _MANY_DIGITS in joined) and _has_shape(signs.translate(_SHAPES)):
        return True
    letters = signs.translate(_LETTERS)
    if _MANY_LETTERS in letters or (b"/" in signs and _FIRM.search(letters)):
        return True
    # Times of the day have two colons as well.
    return bool(signs.count(b":") > 1 and _COLONS.search(text) and _IPV6.search(text))


def _has_shape(shapes: bytes) -> bool:
    """Tell whether digits stand together as they do in numbers that are counted."""
    return bool(b"+0" in shapes or _NUMBER.search(shapes) or _FOUR_PARTS.search(shapes))


def _runs(text: str, letters: bytes, signs: bytes) -> Iterator[_Span]:
    """Yield the runs of digits that may hold a number that is counted."""
    joined = signs.translate(_JOINED, _BETWEEN)
    some = _SOME_DIGITS in joined and (b"+" in signs or signs.count(b".") >= _DOTS)
    if not some and _MANY_DIGITS not in joined:
        return
    for stretch in _STRETCH.finditer(text):
        if _may_be(stretch, letters):
            start, end = stretch.span()
            yield from (found.span() for found in _RUN.finditer(text, start, end) if _may_be(found, letters))


def _holding(runs: Sequence[_Span], letters: bytes, least: int) -> list[_Span]:
    """Return the runs that hold so many digits at least."""
    return [(start, end) for start, end in runs if letters.count(b"0", start, end) >= least]


def _dialled(text: str, runs: Sequence[_Span]) -> tuple[list[_Span], list[_Span]]:
    """Return the runs that may be telephone numbers: with a country's code, and without, where something parts them."""
    abroad = [run for run in runs if text[run[0] - 1 : run[0]] == "+"]
    return abroad, [run for run in runs if not text[slice(*run)].isdecimal()]


def valid_cpf(number: str) -> bool:
    """Tell whether eleven digits are a CPF, by its two check digits."""
    if len(set(number)) == 1:
        return False
    return all(_check_digit(number[:place], range(place + 1, 1, -1)) == number[place] for place in (9, 10))


def valid_cnpj(number: str) -> bool:
    """Tell whether fourteen characters are a CNPJ, with letters as it may have from July 2026 or without."""
    if len(set(number)) == 1:
        return False
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    return all(_check_digit(number[:place], weights[13 - place :]) == number[place] for place in (12, 13))


def valid_card(number: str) -> bool:
    """Tell whether digits are a card's number: of a brand, and right by Luhn's formula."""
    if not _BRANDS.fullmatch(number):
        return False
    doubled = (divmod(2 * int(digit), 10) for digit in number[-2::-2])
    return (sum(map(int, number[::-2])) + sum(map(sum, doubled))) % 10 == 0


def _check_digit(characters: str, weights: Iterable[int]) -> str:
    """Return the check digit of a register number of Brazil: letters count by their place behind the zero."""
    rest = sum((ord(one) - ord("0")) * weight for one, weight in zip(characters, weights, strict=True)) % 11
    return "0" if rest < 2 else str(11 - rest)  # noqa: PLR2004  # as the rule has it: no digit is 10 or 11


def _looked_at(text: str) -> str:
    """Return as much of a text as is looked at; in JSON a sign for a new line hides where a word begins."""
    half = MOST_CHARACTERS // 2
    some = text if len(text) <= MOST_CHARACTERS else f"{text[:half]} {text[-half:]}"
    return _ESCAPED.sub(" ", some) if "\\" in some else some


def _may_be(run: re.Match[str], letters: bytes) -> bool:
    """Tell whether a run of digits may be a number that is counted: dates and times are the most that come."""
    start, end = run.span()
    if letters.count(b"0", start, end) >= _LEAST_AT_HOME:
        return True
    text = run.string
    return text.count(".", start, end) >= _DOTS or text[start - 1 : start] == "+"


def _lettered(text: str, letters: bytes) -> Iterator[_Span]:
    """Yield where the number of a firm with letters may stand; ``letters`` are the text's capitals and digits."""
    dotted, plain = _LETTERED
    if "/" in text:
        # Two characters stand before what was found, and seven behind.
        yield from ((max(0, found.start() - 2), found.end() + 7) for found in dotted.finditer(text))
    if _MANY_LETTERS in letters.replace(b"0", b"A"):
        yield from (found.span() for found in plain.finditer(text))


def _found(pattern: re.Pattern[str], text: str, spans: Sequence[_Span]) -> Iterator[re.Match[str]]:
    """Return what a pattern finds that lies within one of some spans, which do not overlap."""
    # One sign before it may belong to it, and of what follows three decide whether it ends there.
    if not spans:
        return iter(())
    near = ((end, pattern.finditer(text, max(0, start - 1), end + 3)) for start, end in spans)
    return islice((one for end, found in near for one in found if one.end() <= end), MOST_FINDS)


def _plain(number: str) -> str:
    """Return a number without what makes it readable."""
    return "".join(filter(str.isalnum, number)).upper()


def _emails(text: str) -> Iterator[bool]:
    """Yield, of each at-sign, whether a mail address stands around it."""
    at = text.find("@")
    for _ in range(MOST_FINDS):
        if at < 0:
            return
        local, domain = _LOCAL.search(text[max(0, at - 64) : at]), _DOMAIN.match(text, at + 1)
        yield bool(local and domain and local.group() not in _PROGRAMS and domain.group(1).casefold() not in _FILES)
        at = text.find("@", at + 1)


def _valid_firms(text: str, spans: Sequence[_Span]) -> frozenset[int]:
    """Return where numbers of firms begin: a card's may have as many digits."""
    return frozenset(found.start() for found in _found(_CNPJ, text, spans) if valid_cnpj(_plain(found.group())))


def _phones(text: str, abroad: Sequence[_Span], at_home: Sequence[_Span]) -> int:
    """Return how many telephone numbers there are within spans of either kind, by what countries say of theirs."""
    from_abroad = [found.group() for found in _found(_ABROAD, text, abroad)]
    rest = _ABROAD.sub("+", text) if from_abroad else text
    near = [(0, len(rest))] if from_abroad else at_home
    from_home = [found.group() for found in _found(_AT_HOME, rest, near)]
    if not from_abroad and not from_home:
        return 0
    # Content with such numbers is rare, and reading its tables takes a while.
    from phonenumbers import NumberParseException, is_possible_number, is_valid_number, parse

    def possible(number: str) -> bool:
        try:
            return is_possible_number(parse(number))
        except NumberParseException:
            return False

    def valid(number: str) -> bool:
        area = re.split(r"\D+", number.lstrip("("), maxsplit=1)[0]
        return is_valid_number(parse(number, _AREAS[len(area)]))

    return sum(any(map(possible, _shorter(number))) for number in from_abroad) + sum(map(valid, from_home))


def _shorter(number: str) -> Iterator[str]:
    """Yield a number and what is left of it without its last parts: another number may follow."""
    yield number
    for _ in range(3):
        number, blank, _ = number.rpartition(" ")
        if not blank:
            return
        yield number


def _addresses(text: str, runs: Sequence[_Span]) -> int:
    """Return how many addresses there are by which somebody is known on the Internet."""
    found = _found(_IPV4, text, runs)
    old = sum(_somebodys(one.group(), text[max(0, one.start() - _WORD) : one.start()]) for one in found)
    new = _found(_IPV6, text, [(0, len(text))]) if _COLONS.search(text) else ()
    return old + sum(_is_global_6(one.group()) for one in new)


def _somebodys(number: str, before: str) -> bool:
    """Tell whether four numbers are an address of the Internet, and neither one of a network inside nor a version."""
    try:
        address = IPv4Address(number)
    except AddressValueError:
        return False
    # Of two hundred addresses one has three small parts; of versions hardly one has not.
    if sum(part >= _LOW for part in address.packed) < 2 or _VERSION.search(before):  # noqa: PLR2004  # two of four
        return False
    public = address.is_global and not address.is_multicast
    return public or any(address in network for network in _EXAMPLES_4)


def _is_global_6(number: str) -> bool:
    try:
        address = IPv6Address(number)
    except AddressValueError:
        return False
    return address.is_global or address in _EXAMPLE_6
