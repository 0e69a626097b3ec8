"""An answer that is no prediction: a status, and MLflow's code and message."""

import json

# MLflow's names of what went wrong.
BAD_REQUEST, INVALID, INTERNAL, UNAVAILABLE = (
    "BAD_REQUEST", "INVALID_PARAMETER_VALUE", "INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE",
)  # fmt: skip


class RefusedRequest(Exception):  # noqa: N818 - a refusal is the wanted answer to a bad request
    """What a caller gets instead of predictions; its message holds no value of a row.

    :param status: Of HTTP.
    :param code: MLflow's error code.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def again(self) -> "RefusedRequest":
        """Return one that says the same: an exception that was raised keeps its traceback."""
        return RefusedRequest(self.status, self.code, self.message)

    def as_body(self) -> bytes:
        """Return it as MLflow's server says it."""
        return json.dumps({"error_code": self.code, "message": self.message}).encode()


def invalid(message: str) -> RefusedRequest:
    """Return a refusal of what is wrong with a request."""
    return RefusedRequest(400, INVALID, message)
