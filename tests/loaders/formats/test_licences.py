"""Licences, however they are written."""

from __future__ import annotations

import pytest

from stratagraph.loaders.formats.licences import all_of, known_licence, licence
from stratagraph.ontology.namespaces import SG
from tests.core import MODEL


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Apache-2.0", "Apache-2.0"),
        ("apache-2.0", "Apache-2.0"),
        (" mit ", "MIT"),
        ("mit or apache-2.0", "MIT OR Apache-2.0"),
        ("gpl-2.0-only WITH classpath-exception-2.0", "GPL-2.0-only WITH classpath-exception-2.0"),
        ("LGPL-2.1+", "LGPL-2.1+"),
        ("https://spdx.org/licenses/CC-BY-4.0.html", "CC-BY-4.0"),
        ("http://spdx.org/licenses/MIT", "MIT"),
        ("https://creativecommons.org/licenses/by-nc-sa/4.0/deed.pt", "CC-BY-NC-SA-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0"),
        ("https://www.apache.org/licenses/LICENSE-2.0", "Apache-2.0"),
        ("https://opensource.org/license/mit", "MIT"),
        ("https://example.org/terms", "https://example.org/terms"),
        ("House Terms and Conditions", "House Terms and Conditions"),
        ("LicenseRef-house", "LicenseRef-house"),
        ("NOASSERTION", ""),
        ("", ""),
        ("http://[", "http://["),
    ],
)
def test_names(written: str, name: str) -> None:
    assert licence(written) == name


@pytest.mark.parametrize(
    ("written", "together"),
    [
        ([], ""),
        (["mit", "", "noassertion"], "MIT"),
        (["mit", "apache-2.0", "mit"], "MIT AND Apache-2.0"),
        (["mit or apache-2.0"], "MIT OR Apache-2.0"),
        (["mit or apache-2.0", "cc-by-4.0"], "(MIT OR Apache-2.0) AND CC-BY-4.0"),
    ],
)
def test_several_hold_together(written: list[str], together: str) -> None:
    assert all_of(written) == together


def test_those_that_the_ontology_describes() -> None:
    assert known_licence(MODEL, "Apache-2.0") == SG.ApacheLicence
    assert known_licence(MODEL, "CC-BY-4.0") == SG.CreativeCommonsAttribution
    assert known_licence(MODEL, "House Terms") is None
