"""What every document of the API has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Document(BaseModel):
    """Base of the answers' forms. Later versions may add members: a client passes over those that it does not know."""

    model_config = ConfigDict(alias_generator=to_camel)
