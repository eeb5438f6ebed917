"""What a wrong command line is told: options as they were typed, and what was probably meant."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from embroider_prep.cli.params import flag_name
from embroider_prep.errors import OptionsError, closest
from embroider_prep.options import ConvertOptions

# What people type who know other programs, and what it is called here.
SYNONYMS = {
    "size": "--width 100mm or --height 100mm; the other side follows",
    "dimensions": "--width 100mm or --height 100mm; the other side follows",
    "scale": "--width 100mm or --height 100mm",
    "color": "--threads N for how many, --fabric COLOR for the cloth",
    "colours": "--threads", "num-colors": "--threads", "n-colors": "--threads",
    "thread": "--threads N for how many, --use CODE for one that must be used",
    "palette": "--chart", "brand": "--chart", "thread-chart": "--chart", "thread-list": "--spools", "own": "--spools",
    "out": "-o", "out-file": "-o", "output-file": "-o", "result": "-o", "file": "-o",
    "model": "--style", "filter": "--style", "type": "--format for a stream; else the suffix of -o is the format",
    "density": "--row-spacing", "spacing": "--row-spacing", "stitch": "--stitch-length",
    "cloth": "--fabric for its colour, --material for its kind", "fabric-type": "--material",
    "frame": "--hoop", "hoop-size": "--hoop", "config": "--options FILE.toml, or embroider-prep setup",
    "dpi": "--px-per-mm", "resolution": "--px-per-mm", "remove-background": "--background remove",
    "no-background": "--background remove", "overwrite": "--force", "yes": "--force", "silent": "--quiet",
    "turn": "--rotate 90", "flip": "--rotate 180",
}  # fmt: skip


def usage(error: click.UsageError, arguments: Sequence[str], program: str) -> tuple[str, str]:
    """Return the message and the hint for a command line that click cannot make sense of."""
    path = error.ctx.command_path if error.ctx is not None else f"{program} {arguments[0]}".strip()
    help_hint = f"{path} --help"
    if isinstance(error, click.NoSuchOption):
        meant = _meant(error, arguments, program)
        return f"there is no option {_typed(error.option_name, arguments)}{'; ' if meant else ''}{meant}", help_hint
    if isinstance(error, click.MissingParameter):
        command = error.ctx.command if error.ctx is not None else None
        example = re.search(rf"^ *({program} \S.*)$", command.help or "", re.MULTILINE) if command is not None else None
        return error.format_message(), example.group(1) if example else help_hint
    if isinstance(error, click.BadOptionUsage):
        return error.format_message(), f"write a value behind {error.option_name}; {program} {arguments[0]} --help"
    return error.format_message(), help_hint


def _typed(name: str, arguments: Sequence[str]) -> str:
    """Return the word that was typed: of ``-width`` the parser sees ``-w`` only."""
    if name.startswith("--"):
        return name
    return next((word for word in arguments if word.startswith(name) and len(word) > 2), name)


def _meant(error: click.NoSuchOption, arguments: Sequence[str], program: str) -> str:
    typed = _typed(error.option_name, arguments)
    context = error.ctx
    if context is None or context.command_path == program:
        return f"options stand behind the command and the photo: {program} photo.jpg {typed} …"
    known = sorted({flag for param in context.command.params for flag in (*param.opts, *param.secondary_opts)})
    bare = typed.lstrip("-").partition("=")[0].lower().replace("_", "-")
    if f"--{bare}" in known:
        return f"did you mean --{bare}?"
    said = SYNONYMS.get(bare, "")
    if said and said.split()[0].rstrip(",;") in known:
        meant, _, more = said.partition("; ")
        return f"did you mean {meant}?" + (f" {more[0].upper()}{more[1:]}" if more else "")
    elsewhere = {flag_name(name) for kind in ConvertOptions.steps().values() for name in kind.__dataclass_fields__}
    if bare in elsewhere:
        return f"{context.command_path} has no use for it, {program} convert has"
    near = closest(f"--{bare}", known, otherwise="").replace("'", "")
    return near


_FIELD = re.compile(r"(?:[a-z]+\.)?([a-z_0-9]+)(?=: | ')")


def as_typed(message: str, arguments: Sequence[str]) -> str:
    """Return a message with the option at its start as it was typed: ``machine: …`` is ``--machine: …``."""
    found = _FIELD.match(message)
    if found is None:
        return message
    flags = {f"--{flag_name(found.group(1))}", f"--{found.group(1).replace('_', '-')}"}
    typed = next((word.partition("=")[0] for word in arguments if word.partition("=")[0] in flags), None)
    return message if typed is None else typed + message[found.end() :]


class Listing(click.Group):
    """A group that lists; it says what to do instead of a command that is not there."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in self.commands:
            raise OptionsError(self.unknown(ctx, name), hint=self.instead(ctx, name, args[1:]))
        return super().resolve_command(ctx, args)

    def unknown(self, ctx: click.Context, name: str) -> str:
        """Return the message for a command that is not there."""
        return f"{ctx.info_name}: there is no command {name!r}; allowed: {', '.join(sorted(self.commands))}"

    def instead(self, ctx: click.Context, name: str, more: list[str]) -> str:
        """Return what to try: the closest command, else a list of what was named."""
        near = closest(name, self.commands, otherwise="")
        wanted = " ".join(more) if name.lower() in ("show", "info", "get", "print", "view", "ls") or near else name
        takes = any(isinstance(param, click.Argument) for param in self.commands["list"].params)
        return f"{ctx.command_path} list {wanted if takes else ''}".rstrip()
