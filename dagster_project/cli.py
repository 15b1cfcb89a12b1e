"""The `scoring` command.

Here: its commands in the order of its help. Not here: the commands themselves (command/questions.py, command/pipeline.py,
command/tools.py), options and exit statuses (command/options.py).
"""

from __future__ import annotations

import click

from dagster_project.command import pipeline, questions, tools
from dagster_project.home import quiet_environment

# What to try it on first, then asking, doing, mending.
COMMANDS = (
    pipeline.demo,
    questions.top,
    questions.explain,
    questions.segments,
    questions.query,
    questions.feeds,
    questions.status,
    pipeline.land,
    pipeline.refresh,
    pipeline.backfill,
    pipeline.retrain,
    pipeline.rollback,
    pipeline.evaluate,
    pipeline.verify,
    tools.table,
    tools.data_docs,
    tools.dbt,
    tools.doctor,
    tools.ui,
)


class InOrder(click.Group):
    """Help lists the commands as they stand in this file."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in order of definition."""
        return list(self.commands)


@click.group(
    cls=InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
def main() -> None:
    """Which companies to work on, why, and whether the numbers can be trusted.

    All state is in one folder, SCORING_HOME (default ./.scoring). Files are dropped in its inbox/<vendor>/<day>/ or landed
    with `scoring land`; `scoring refresh` scores a day; `scoring top` says whom to call first.
    """
    quiet_environment()


for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
