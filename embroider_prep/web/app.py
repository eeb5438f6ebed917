"""The routes of the page: what a browser may ask, and what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from embroider_prep.catalogue import LANGUAGES, best_language, catalogue
from embroider_prep.errors import EmbroiderPrepError, InputError, OptionsError
from embroider_prep.limits import MAX_FILE_BYTES
from embroider_prep.texts import clean_line, parse_json
from embroider_prep.web import choices
from embroider_prep.web.guard import Tokens, token_in
from embroider_prep.web.jobs import Job, JobFailed, JobStopped, Pool
from embroider_prep.web.uploads import UploadRefused, receive, small_body
from embroider_prep.web.visitors import MOST_BYTES, MOST_PHOTOS, House, Photo, Visitor

Handler = Callable[[Request], Awaitable[Response]]

PAGE_FILES = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "parts.js": "text/javascript",
    "photo.js": "text/javascript",
    "viewer.js": "text/javascript",
    "panels.js": "text/javascript",
}
PICTURES = {"photo.jpg", "thumb.jpg", "subject.png", *(f"way{number}.jpg" for number in range(12))}

LOOK_S, TRY_S, CONVERT_S, RESULT_S = 60.0, 180.0, 600.0, 120.0
"""Longest time of a job."""

MOST_JSON = 200_000
MASK_MOST_PX = 1_500_000
KINDS = ("design", "preview", "strip", "sheet-html", "sheet-pdf", "approval", "report", "player", "all")


class Site:
    """The application and what it works with."""

    def __init__(self, house: House, tokens: Tokens, heavy: Pool, light: Pool, *, address: str, open_net: bool) -> None:
        self.house, self.tokens, self.heavy, self.light = house, tokens, heavy, light
        self.address, self.open_net = address, open_net
        self.start: dict[str, Any] = {}
        self.cookie = f"embroider_prep_{address.rsplit(':', 1)[-1]}"

    def app(self) -> Starlette:
        """Return the application."""

        def route(path: str, handler: Any, method: str = "GET", *, free: bool = False) -> Route:
            return Route(path, handler if free else self._for_visitors(handler), methods=[method])

        photo, version = "/api/photos/{photo}", "/api/photos/{photo}/versions/{version:int}"
        return Starlette(
            routes=[
                route("/", self.page, free=True),
                route("/static/{name}", static, free=True),
                route("/favicon.ico", favicon, free=True),
                route("/api/state", self.state),
                route("/api/lists", self.lists),
                route("/api/texts", self.texts),
                route("/api/language", self.language, "POST"),
                route("/api/invite", self.invite, "POST"),
                route("/api/near", self.near),
                route("/api/photos", self.upload, "POST"),
                route("/api/samples/{name}", self.sample, "POST"),
                route(photo, self.remove, "DELETE"),
                route(photo + "/try", self.try_ways, "POST"),
                route(photo + "/convert", self.convert, "POST"),
                route(photo + "/cancel", self.cancel, "POST"),
                route(photo + "/mask", self.mask, "POST"),
                route(photo + "/pictures/{name}", self.picture),
                route(version + "/tiles/{level:int}/{column}/{row}", self.tile),
                route(version + "/before/{which}", self.before),
                route(version + "/moving", self.moving),
                route(version + "/thread", self.thread, "POST"),
                route(version + "/order", self.order, "POST"),
                route(version + "/files/{kind}", self.file),
            ],
            exception_handlers={HTTPException: _http_error},  # type: ignore[dict-item]
        )

    def _for_visitors(self, handler: Handler) -> Handler:
        """Let in whoever has a cookie of ours, and answer errors that were raised on purpose in words."""

        async def inner(request: Request) -> Response:
            visitor = self.house.find(request.cookies.get(self.cookie, ""))
            if visitor is None:
                return problem("this page is no longer open", "start embroider-prep serve again", 401)
            request.state.visitor = visitor
            try:
                return await handler(request)
            except UploadRefused as error:
                return problem(error.message, error.hint, error.status, close=True)
            except JobStopped:
                return problem("stopped", "", 409)
            except JobFailed as error:
                return problem(error.message, error.hint, 422)
            except EmbroiderPrepError as error:
                return problem(error.message, error.hint, 422)
            except ClientDisconnect:
                return Response(status_code=400)

        return inner

    # The page itself.

    async def page(self, request: Request) -> Response:
        token = token_in(request.scope["query_string"])
        if token:
            if request.method == "HEAD":
                return Response()
            if not self.tokens.use(token):
                if self.house.find(request.cookies.get(self.cookie, "")):
                    return RedirectResponse("/", 303)
                return self._closed(request, 403)
            visitor = self.house.find(request.cookies.get(self.cookie, "")) or self.house.enter()
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self.cookie, visitor.key, httponly=True, samesite="strict", path="/")
            return answer
        known = self.house.find(request.cookies.get(self.cookie, ""))
        if known is None:
            return self._closed(request, 403)
        return self._html("page.html", self._language(request, known))

    def _closed(self, request: Request, status: int) -> Response:
        return self._html("closed.html", best_language(request.headers.get("accept-language", "")), status)

    def _html(self, name: str, language: str, status: int = 200) -> Response:
        html = _template(name).render(
            _=catalogue(language).gettext, language=language, languages=LANGUAGES, open_net=self.open_net
        )
        return Response(html, status, media_type="text/html")

    def _language(self, request: Request, visitor: Visitor) -> str:
        return visitor.language or best_language(request.headers.get("accept-language", ""))

    async def texts(self, request: Request) -> Response:
        language = self._language(request, request.state.visitor)
        return JSONResponse({"language": language, "texts": dict(catalogue(language).texts)})

    async def language(self, request: Request) -> Response:
        wanted = str((await _json(request)).get("language", ""))
        if wanted not in LANGUAGES:
            raise OptionsError(f"language: {wanted[:10]!r} is unknown; allowed: {', '.join(LANGUAGES)}")
        request.state.visitor.language = wanted
        return JSONResponse({})

    async def invite(self, request: Request) -> Response:
        """Return an address for another browser: a token of its own, which works once."""
        return JSONResponse({"address": f"{self.address}/?token={self.tokens.make()}", "open": self.open_net})

    async def lists(self, request: Request) -> Response:
        return JSONResponse({**await asyncio.to_thread(choices.lists), "start": self.start})

    async def state(self, request: Request) -> Response:
        """Return all photos; nothing when the page has them already as they are (``known``)."""
        visitor: Visitor = request.state.visitor
        photos = [photo.row() for photo in visitor.photos.values()]
        digest = hashlib.sha256(repr(photos).encode()).hexdigest()[:16]
        if request.query_params.get("known") == digest:
            return Response(status_code=204)
        return JSONResponse({"photos": photos, "known": digest})

    # Photos.

    async def upload(self, request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        self._check_room(visitor)
        photo = visitor.add(clean_line(request.query_params.get("name", "photo")))
        try:
            photo.bytes = await receive(request, photo.file, visitor, MOST_BYTES - visitor.bytes)
        except BaseException:
            visitor.remove(photo)
            raise
        self._look(photo)
        return JSONResponse({"id": photo.id}, 201)

    async def sample(self, request: Request) -> Response:
        visitor: Visitor = request.state.visitor
        name = request.path_params["name"]
        if name not in choices.SAMPLES:
            raise InputError(f"{clean_line(name, most=40)}: there is no sample of that name")
        self._check_room(visitor)
        photo = visitor.add(name)
        await asyncio.to_thread(choices.copy_sample, name, photo.file)
        photo.bytes = photo.file.stat().st_size
        self._look(photo)
        return JSONResponse({"id": photo.id}, 201)

    def _check_room(self, visitor: Visitor) -> None:
        if len(visitor.photos) >= MOST_PHOTOS:
            raise UploadRefused(f"there are {MOST_PHOTOS} photos already", "remove some of them first", 409)
        if visitor.bytes >= MOST_BYTES or shutil.disk_usage(self.house.folder).free < 2 * MAX_FILE_BYTES:
            raise UploadRefused("there is no room for more photos", "remove some of them first", 507)

    async def remove(self, request: Request) -> Response:
        visitor, photo = request.state.visitor, _photo(request)
        visitor.remove(photo)
        for pool in (self.heavy, self.light):
            pool.forget(photo.id)
        return JSONResponse({})

    async def picture(self, request: Request) -> Response:
        name = request.path_params["name"]
        path = _photo(request).folder / name
        if name not in PICTURES or not path.is_file():
            raise HTTPException(404)
        return FileResponse(path)

    async def mask(self, request: Request) -> Response:
        """Take a painted mask: a byte for each pixel of the whole photo as the file has it, 255 where it is sewn."""
        photo = _photo(request)
        width, height = (_number(request.query_params.get(side, "0"), 1, 4000) for side in ("width", "height"))
        if width * height > MASK_MOST_PX:
            raise InputError(f"mask: {width} x {height} pixels are too many")
        data = await small_body(request, width * height)
        if len(data) != width * height:
            raise InputError("mask: its size is not what it says")
        digest = hashlib.sha256(data).hexdigest()[:16]
        if len(photo.masks) > 100:
            photo.masks.pop(next(iter(photo.masks)))
        (photo.folder / f"mask-{digest}.bin").write_bytes(data)
        photo.masks[digest] = {"digest": digest, "width": width, "height": height}
        return JSONResponse({"mask": digest})

    # Jobs.

    def _look(self, photo: Photo) -> None:
        def looked(result: dict[str, Any]) -> None:
            photo.size = result

        self._begin(photo, "look", {}, LOOK_S, looked)

    async def try_ways(self, request: Request) -> Response:
        photo, asked = _photo(request), await _json(request)
        values = self._values(photo, asked)
        photo.ways = []
        photo.scene = None

        def part(data: dict[str, Any]) -> None:
            if "scene" in data:
                photo.scene = data["scene"]
            else:
                photo.ways.append(data["way"])

        self._begin(photo, "try", {"values": values}, TRY_S, lambda result: None, part)
        return JSONResponse({}, 202)

    async def convert(self, request: Request) -> Response:
        photo, asked = _photo(request), await _json(request)
        values = self._values(photo, asked)
        number = photo.next_number()
        given = {"values": values, "result": photo.made(number).name, "edits": []}

        def made(result: dict[str, Any]) -> None:
            photo.keep({"number": number, "values": asked.get("values", {}), "mask": asked.get("mask"),
                        "edit": "", **result})  # fmt: skip

        self._begin(photo, "convert", given, CONVERT_S, made)
        return JSONResponse({"number": number}, 202)

    async def cancel(self, request: Request) -> Response:
        _photo(request).stop()
        return JSONResponse({})

    def _values(self, photo: Photo, asked: dict[str, Any]) -> dict[str, Any]:
        values = choices.checked(asked.get("values", {}))
        mask = asked.get("mask")
        if mask is not None:
            if mask not in photo.masks:
                raise OptionsError("mask: it is not there any more", hint="paint it again")
            values["mask"] = photo.masks[mask]
        return values

    def _begin(
        self, photo: Photo, kind: str, values: dict[str, Any], limit_s: float, finish: Callable[[Any], None],
        part: Callable[[Any], None] = lambda data: None,
    ) -> None:  # fmt: skip
        """Start a job about a photo; one of the same kind that runs or waits is stopped."""
        if kind in photo.jobs:
            photo.jobs[kind].cancel()
        photo.error = None

        def tell(message: tuple[Any, ...]) -> None:
            if photo.jobs.get(kind) is not job:
                return
            if message[0] == "step":
                photo.doing[kind] = {"step": message[1], "done": message[2], "total": message[3]}
            else:
                part(message[1])

        def ended(done: asyncio.Future[Any]) -> None:
            if photo.jobs.get(kind) is not job:
                return
            del photo.jobs[kind]
            photo.doing.pop(kind, None)
            error = done.exception()
            if error is None:
                finish(done.result())
            elif not isinstance(error, JobStopped):
                photo.error = _said(error, kind)

        given = {"photo": str(photo.file), "name": photo.name, "folder": str(photo.folder), **values}
        job = Job(kind=kind, values=given, home=photo.id, limit_s=limit_s, tell=tell)
        photo.jobs[kind] = job
        photo.doing[kind] = {"step": "wait", "done": 0, "total": 1}
        try:
            self.heavy.submit(job)
        except JobFailed:
            del photo.jobs[kind]
            del photo.doing[kind]
            raise
        job.done.add_done_callback(ended)

    # Versions.

    async def tile(self, request: Request) -> Response:
        path, given = request.path_params, request.query_params
        level, column, row = path["level"], _number(path["column"], -500, 500), _number(path["row"], -500, 500)
        if not 0 <= level <= 6:
            raise HTTPException(404)
        values = {"scale": 1.25 * 2**level, "column": column, "row": row,
                  "colors": _number(given.get("colors", "-1"), -1, 1000)}  # fmt: skip
        return _jpeg(await self._made(request, "tile", values))

    async def before(self, request: Request) -> Response:
        data = await self._made(request, "before", {"which": request.path_params["which"]})
        if not data:
            raise HTTPException(404)
        return _jpeg(data)

    async def moving(self, request: Request) -> Response:
        texts = self._player_texts(request)
        return JSONResponse(await self._made(request, "moving", {"texts": texts}))

    async def near(self, request: Request) -> Response:
        chart = request.query_params.get("chart", "")
        if chart and chart not in [one["name"] for one in choices.charts()]:
            raise OptionsError(f"chart: {clean_line(chart, most=40)!r} is unknown here")
        values = {"color": clean_line(request.query_params.get("color", ""), most=20), "chart": chart}
        return JSONResponse(await self._ask("near", values, ""))

    async def thread(self, request: Request) -> Response:
        asked = await _json(request)
        chart, code = str(asked.get("chart", "")), str(asked.get("code", ""))
        if chart and chart not in [one["name"] for one in choices.charts()]:
            raise OptionsError(f"chart: {clean_line(chart, most=40)!r} is unknown here")
        values = {"index": _number(asked.get("index"), 0, 254), "chart": chart, "code": clean_line(code, most=60)}
        answer = await self._changed(request, "thread", values)
        self._settle(_photo(request), _photo(request).versions[-1])
        return answer

    def _settle(self, photo: Photo, version: dict[str, Any]) -> None:
        """Bring the numbers of a version with another thread up to date, while its picture is looked at."""
        values = {"folder": str(photo.folder), "result": photo.made(version["number"]).name}
        job = Job(kind="settle", values=values, limit_s=RESULT_S)

        def ended(done: asyncio.Future[Any]) -> None:
            if not done.cancelled() and done.exception() is None:
                version.update(done.result())

        with contextlib.suppress(JobFailed):
            self.heavy.submit(job).done.add_done_callback(ended)

    async def order(self, request: Request) -> Response:
        asked = await _json(request)
        values = {name: _number(asked.get(name), 0, 1000) for name in ("number", "to")}
        return await self._changed(request, "order", values)

    async def _changed(self, request: Request, kind: str, values: dict[str, Any]) -> Response:
        """Make a new version of one, by something that needs no planning."""
        photo, version = _photo(request), _version(request)
        number = photo.next_number()
        given = {**values, "folder": str(photo.folder), "result": photo.made(number).name}
        result = await self._made(request, kind, given)
        new = {
            **version,
            **result,
            "number": number,
            "values": version["values"],
            "mask": version["mask"],
            "edit": kind,
        }
        photo.keep(new)
        return JSONResponse(new)

    async def file(self, request: Request) -> Response:
        photo, kind, form = _photo(request), request.path_params["kind"], request.query_params.get("form", "pes")
        known = [one["name"].lower() for one in choices.lists()["formats"]]
        if kind not in KINDS or form not in [*known, "svg", "json"]:
            raise HTTPException(404)
        place = photo.folder / f"out-{secrets.token_hex(6)}"
        try:
            values = {"folder": str(place), "kind": kind, "form": form, "title": photo.title}
            there, name = await self._made(request, "file", values)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        # Whatever it is, a browser keeps it and shows nothing of it.
        return FileResponse(
            place / there, filename=name, media_type="application/octet-stream", content_disposition_type="attachment",
            background=BackgroundTask(shutil.rmtree, place, ignore_errors=True),
        )  # fmt: skip

    def _player_texts(self, request: Request) -> dict[str, str]:
        from embroider_prep.preview.player.words import PLAYER_TEXTS

        texts = catalogue(self._language(request, request.state.visitor))
        return {name: texts.gettext(text) for name, text in PLAYER_TEXTS.items()}

    async def _made(self, request: Request, kind: str, values: dict[str, Any]) -> Any:
        photo, version = _photo(request), _version(request)
        return await self._ask(kind, {"made": str(photo.made(version["number"])), **values}, photo.id)

    async def _ask(self, kind: str, values: dict[str, Any], home: str) -> Any:
        job = self.light.submit(Job(kind=kind, values=values, home=home, limit_s=RESULT_S))
        try:
            return await job.done
        except asyncio.CancelledError:
            # Whoever asked is gone.
            job.cancel()
            raise
        except JobFailed as error:
            _said(error, kind)
            raise


def _said(error: BaseException, kind: str) -> dict[str, Any]:
    """Return an error for the page; a bug's traceback goes to the terminal."""
    if isinstance(error, JobFailed):
        if error.kind.startswith("bug:"):
            import sys

            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(error.kind.removeprefix("bug:"))
        return {"message": error.message, "hint": error.hint, "during": kind}
    return {"message": "something went wrong here: this is a fault of the program", "hint": "", "during": kind}


def problem(message: str, hint: str, status: int, *, close: bool = False) -> Response:
    """Return an error that the page shows."""
    headers = {"connection": "close"} if close else None
    return JSONResponse({"error": {"message": message, "hint": hint}}, status, headers=headers)


async def _http_error(request: Request, error: HTTPException) -> Response:
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)


def _jpeg(data: bytes) -> Response:
    # A version never changes: its pictures may be kept for as long as the page is open.
    return Response(data, media_type="image/jpeg", headers={"cache-control": "private, max-age=3600, immutable"})


def _photo(request: Request) -> Photo:
    photo: Photo | None = request.state.visitor.photos.get(request.path_params["photo"])
    if photo is None:
        raise HTTPException(404)
    return photo


def _version(request: Request) -> dict[str, Any]:
    version = _photo(request).version(request.path_params["version"])
    if version is None:
        raise HTTPException(404)
    return version


async def _json(request: Request) -> dict[str, Any]:
    data = await small_body(request, MOST_JSON)
    found = parse_json(data.decode("utf-8", "replace"), "request")
    if not isinstance(found, dict):
        raise InputError("request: a table is needed")
    return found


def _number(value: Any, low: int, high: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise HTTPException(404) from None
    if not low <= number <= high:
        raise HTTPException(404)
    return number


async def static(request: Request) -> Response:
    """Return a file of the page: those that are listed, and the player's."""
    name = request.path_params["name"]
    if name in ("player.js", "player.css"):
        from embroider_prep.preview.player import player_script, player_style

        script = name == "player.js"
        return Response(
            player_script() if script else player_style(), media_type="text/javascript" if script else "text/css"
        )
    if name not in PAGE_FILES:
        raise HTTPException(404)
    data = (resources.files("embroider_prep.web") / "page" / name).read_bytes()
    return Response(data, media_type=PAGE_FILES[name])


async def favicon(request: Request) -> Response:
    return Response(status_code=204)


def _template(name: str) -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("embroider_prep.web", "page")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template(name)
