"""What all tables of `monitor.toml` are made of: types of keys, and bounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from monitor.edges.settings.forms import (
    check_header,
    parse_duration,
    parse_size,
)

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Size = Annotated[int, BeforeValidator(parse_size)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,64}$")]
Header = Annotated[str, AfterValidator(check_header)]
Topics = tuple[str, ...]
Priority = Literal["high", "normal", "low"]


class Table(BaseModel):
    """A table: it knows all its keys, and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, value: object, told: ValidationInfo) -> object:
        """To Python `true` is the number 1; what is set by a variable is a text and stays one."""
        field = cls.model_fields.get(told.field_name or "")
        if isinstance(value, bool) and field and field.annotation is int:
            raise ValueError("is not a whole number")
        return value


def between(low: str, high: str, read: Callable[[object], Any] = parse_duration) -> AfterValidator:
    """Bounds of a duration, or of what else `read` makes of a text, each written like one."""
    least, most = read(low), read(high)

    def check(value: Any) -> Any:
        if not least <= value <= most:
            raise ValueError(f"is not between {low} and {high}")
        return value

    return AfterValidator(check)


def in_order(low: timedelta, high: timedelta, what: str) -> None:
    """Raise a ValueError unless the first is not the longer one; `what` names both."""
    if low > high:
        raise ValueError(f"{what} are not in ascending order")
