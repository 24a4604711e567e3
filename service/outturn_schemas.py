"""What is reported to have been reached of a policy target."""

from __future__ import annotations

from pydantic import Field

from service.models import Answer


class Reported(Answer):
    """What somebody reports of a target, in the latest year there is."""

    value: float
    unit: str
    year: int
    percent: float | None = Field(description="of the number of the target; null where the text sets none")
    met: bool | None = Field(description="null where there is no verdict")
    source: str
    note: str = ""
    note_zh: str = ""
