"""What the function of a route is called with, found as FastAPI finds it, but planned beforehand.

FastAPI walks the tree of dependencies anew with each request and asks of each what it is and what
it needs, which took a fifth of a create. The tree is the same for all requests, and what Stet uses
of it is little: path, query and header parameters, one JSON body, the request, the response, and
dependencies that are coroutine functions. So the tree is made into a list once; anything else in
it is a mistake in the program. The fields remain FastAPI's.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin

from fastapi import Request, Response
from fastapi._compat import field_annotation_is_sequence, lenient_issubclass
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_validation_alias
from fastapi.exceptions import RequestValidationError
from fastapi.params import Body
from pydantic import BaseModel, TypeAdapter, ValidationError

from app.core.validation import MAX_REFUSALS, in_body, too_many

Call = Callable[..., Awaitable[Any]]
Wrong = dict[str, Any]
"""One thing that is wrong, as pydantic says it."""


class Arguments:
    """Finds the arguments of one function."""

    def __init__(self, dependant: Dependant) -> None:
        """Plan how.

        Raises:
            TypeError: when the function or a dependency wants what no route of Stet may.
        """
        planned: dict[Call, _Step] = {}
        self._function = _plan(dependant, planned)
        del planned[self._function.call]
        if any(step.body is not None for step in planned.values()):
            raise TypeError("The body is the function's own.")
        self._dependencies = list(planned.values())

    async def of(self, request: Request, response: Response, body: Any) -> dict[str, Any]:
        """The arguments, once every dependency has done its work.

        Raises:
            RequestValidationError: with all that is wrong with parameters and body, unless a
                dependency has raised something before.
        """
        made: dict[Call, Any] = {}
        wrong: list[Wrong] = []
        for step in self._dependencies:
            arguments = step.arguments(request, response, body, made, wrong)
            if arguments is not None:
                made[step.call] = await step.call(**arguments)
        arguments = self._function.arguments(request, response, body, made, wrong)
        if arguments is None:
            raise RequestValidationError(wrong, body=body)
        return arguments


def _plan(dependant: Dependant, planned: "dict[Call, _Step]") -> "_Step":
    """Plan the dependencies, each once however many need it, and then what needs them."""
    call = dependant.call
    needs = [(child.name or "", _plan(child, planned).call) for child in dependant.dependencies]
    if call is None or not inspect.iscoroutinefunction(call) or _wants_more(dependant):
        raise TypeError(f"{call} is no coroutine function, or wants what no route may.")
    return planned.setdefault(call, _Step(call, dependant, needs))


class _Step:
    """One function and where its arguments come from."""

    def __init__(self, call: Call, dependant: Dependant, needs: Sequence[tuple[str, Call]]) -> None:
        self.call = call
        self._needs = needs
        self._parameters = [
            *(_Parameter(field, "path") for field in dependant.path_params),
            *(_Parameter(field, "query") for field in dependant.query_params),
            *(_Parameter(field, "header") for field in dependant.header_params),
        ]
        self.body = next(iter(dependant.body_params), None)
        if self.body is not None:
            # FastAPI's own lists all that is wrong, however much it is.
            self._model = TypeAdapter[Any](self.body.field_info.annotation)  # type: ignore[arg-type]  # it has one
        self._request = dependant.request_param_name
        self._response = dependant.response_param_name

    def arguments(
        self,
        request: Request,
        response: Response,
        body: Any,
        made: dict[Call, Any],
        wrong: list[Wrong],
    ) -> dict[str, Any] | None:
        """What to call it with; None if it cannot be called, and ``wrong`` has grown."""
        found: dict[str, Any] = {}
        known = len(wrong)
        lacks = False
        for name, call in self._needs:
            if call in made:
                found[name] = made[call]
            else:
                lacks = True
        for parameter in self._parameters:
            found[parameter.name] = parameter.read(request, wrong)
        if self.body is not None:
            found[self.body.name] = self._validated(body, wrong)
        if self._request is not None:
            found[self._request] = request
        if self._response is not None:
            found[self._response] = response
        return None if lacks or len(wrong) > known else found

    def _validated(self, body: Any, wrong: list[Wrong]) -> Any:
        try:
            return self._model.validate_python(body, from_attributes=True)
        except ValidationError as error:
            if error.error_count() > MAX_REFUSALS:
                raise too_many(error) from None
            wrong += in_body(error)
            return None


class _Form(NamedTuple):
    """How a value is written in a path, a query or a header."""

    written: re.Pattern[str]
    said: str


# As JSON writes them: pydantic takes what Python does, such as 1_0, +1 and 1.0, and yes and on.
_FORMS: Mapping[Any, _Form] = {
    int: _Form(
        re.compile(r"-?(0|[1-9][0-9]*)"), "Input should be an integer, in decimal digits alone"
    ),
    bool: _Form(re.compile("true|false"), "Input should be true or false"),
}


class _Parameter:
    """A parameter in the path, the query or a header."""

    def __init__(self, field: Any, place: str) -> None:
        self.name: str = field.name
        self._field = field
        self._place = place
        self._alias = get_validation_alias(field)
        self._header = self._alias.lower().encode("latin-1")
        self._loc = (place, self._alias)
        self._many = get_origin(field.field_info.annotation) is list
        self._required = field.field_info.is_required()
        kinds = (field.field_info.annotation, *get_args(field.field_info.annotation))
        forms = (_FORMS[kind] for kind in kinds if kind in _FORMS)
        self._form = None if self._many else next(forms, None)

    def read(self, request: Request, wrong: list[Wrong]) -> Any:
        """Its value; what is wrong with it is added to ``wrong``."""
        given = self._given(request)
        if given is None:
            if self._required:
                wrong.append(
                    {"type": "missing", "loc": self._loc, "msg": "Field required", "input": None}
                )
                return None
            return self._field.get_default()
        value, others = self._field.validate(given, {}, loc=self._loc)
        if self._form and value is not None and not self._form.written.fullmatch(str(given)):
            others = [{"type": "form", "loc": self._loc, "msg": self._form.said, "input": given}]
        wrong += others
        return value

    def _given(self, request: Request) -> str | list[str] | None:
        if self._place == "query":
            if not request.scope["query_string"]:
                return None
            if self._many:
                return request.query_params.getlist(self._alias) or None
            return request.query_params.get(self._alias)
        if self._place == "path":
            return str(request.scope["path_params"][self._alias])
        # Lines of one name are one list (RFC 9110, section 5.3).
        lines = [value for name, value in request.scope["headers"] if name == self._header]
        return b", ".join(lines).decode("latin-1").strip() if lines else None


def _wants_more(dependant: Dependant) -> bool:
    """Whether it wants what is not planned for."""
    return bool(
        dependant.cookie_params
        or dependant.websocket_param_name
        or dependant.http_connection_param_name
        or dependant.background_tasks_param_name
        or dependant.security_scopes_param_name
        or dependant.concurrency
        or not dependant.use_cache
        or len(dependant.body_params) > 1
        or any(not _is_whole(field) for field in dependant.body_params)
        or any(_is_odd(field, many=False) for field in dependant.path_params)
        or any(_is_odd(field, many=False) for field in dependant.header_params)
        or any(_is_odd(field, many=True) for field in dependant.query_params)
    )


def _is_whole(field: Any) -> bool:
    """Whether it is the JSON body, required, and not a member of it."""
    info = field.field_info
    return type(info) is Body and not info.embed and bool(info.is_required())


def _is_odd(field: Any, *, many: bool) -> bool:
    """Whether a parameter is neither a single value nor, where there may be many, a list."""
    annotation = field.field_info.annotation
    if many and get_origin(annotation) is list:
        return False
    kinds = [annotation, *get_args(annotation)]
    return any(
        field_annotation_is_sequence(kind) or lenient_issubclass(kind, BaseModel) for kind in kinds
    )
