"""Pictures of a training for people: reliability, gain, lift and importance.

Belongs here: matplotlib figures to PNG files. Does not belong here: computing what they show.
"""

from pathlib import Path

import numpy as np

from models.ranking import gain_curve

INK, QUIET, ACCENT = "#1f2933", "#9aa5b1", "#0b6e99"
OTHERS = ("#c8553d", "#d4a017", "#588157", "#8e6c8a", "#3d5a80")
DECILES = np.arange(1, 11) / 10


def save_plots(result, directory: Path) -> list[Path]:
    """Write the PNG files of a TrainingResult into `directory`; returns their paths.

    Without a test part only the importance is drawn.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = [_importance(result.importance, directory / "feature_importance.png")]
    if result.test_rows.height:
        curves = _curves(result.test_rows, result.baseline_metrics)
        paths.append(_reliability(result.reliability, directory / "reliability.png"))
        paths.append(_gain(curves, directory / "gain.png"))
        paths.append(_lift(curves, directory / "lift.png"))
    if result.groups:
        paths.append(_by_group(result.groups, directory / "by_group.png"))
    return paths


def _figure(title: str, size: tuple[float, float] = (6.4, 4.8)):
    # the figure class alone: no window system, and no state shared between threads
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(title, color=INK, loc="left", fontsize=12)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=INK)
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure, axes


def _save(figure, path: Path) -> Path:
    # no software stamp in the file: the same picture gives the same bytes
    figure.savefig(path, metadata={"Software": None})
    return path


def _curves(rows, baselines) -> list[tuple[str, np.ndarray, np.ndarray, str]]:
    y = rows["is_converted"].cast(int).to_numpy()
    columns = [("scoring model", "raw_probability"), *((name, name) for name in baselines)]
    colours = (ACCENT, *OTHERS)
    return [
        (label.replace("_", " "), *gain_curve(y, rows[column].to_numpy()), colours[place])
        for place, (label, column) in enumerate(columns)
    ]


def _reliability(table: list[dict], path: Path) -> Path:
    figure, axes = _figure("Predicted and observed, later data")
    predicted = np.array([row["mean_predicted"] for row in table])
    observed = np.array([row["observed_rate"] for row in table])
    below = observed - [row["observed_low"] for row in table]
    above = [row["observed_high"] for row in table] - observed
    top = 1.1 * max(predicted.max(), max(row["observed_high"] for row in table))
    axes.plot([0, top], [0, top], color=QUIET, linestyle="--", linewidth=1, label="perfect")
    axes.errorbar(
        predicted,
        observed,
        yerr=[np.maximum(below, 0), np.maximum(above, 0)],
        fmt="o-",
        color=ACCENT,
        capsize=3,
        label="bins of equal count, 95 % interval",
    )
    axes.set(xlabel="mean predicted probability", ylabel="share that converted")
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    axes.legend(frameon=False, loc="upper left")
    return _save(figure, path)


def _gain(curves, path: Path) -> Path:
    figure, axes = _figure("Share of conversions found, best accounts first")
    axes.plot([0, 1], [0, 1], color=QUIET, linestyle="--", linewidth=1, label="by chance")
    for label, reached, caught, colour in curves:
        axes.plot(reached, caught, color=colour, linewidth=1.8, label=label)
    axes.set(xlabel="share of accounts called", ylabel="share of conversions found")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.01)
    axes.legend(frameon=False, loc="lower right")
    return _save(figure, path)


def _lift(curves, path: Path) -> Path:
    figure, axes = _figure("Conversion rate of the best accounts over the base rate")
    axes.axhline(1, color=QUIET, linestyle="--", linewidth=1, label="by chance")
    for label, reached, caught, colour in curves:
        lift = np.interp(DECILES, reached, caught) / DECILES
        axes.plot(DECILES, lift, "o-", color=colour, linewidth=1.8, label=label)
    axes.set(xlabel="share of accounts called", ylabel="times the base rate")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="upper right")
    return _save(figure, path)


def _by_group(groups: list[dict], path: Path) -> Path:
    said = [one for one in groups if one["realised_over_expected"] is not None]
    figure, axes = _figure(
        "Realised over expected conversions, by group", (6.4, max(3.0, 0.3 * len(said) + 1.2))
    )
    for place, one in enumerate(reversed(said)):
        ratio, low, high = (one[f"realised_over_expected{end}"] for end in ("", "_low", "_high"))
        colour = OTHERS[0] if one["warning"] else ACCENT
        axes.errorbar(
            ratio,
            place,
            xerr=[[max(0, ratio - low)], [max(0, high - ratio)]],
            fmt="o",
            color=colour,
            capsize=3,
        )
    axes.axvline(1, color=QUIET, linestyle="--", linewidth=1)
    names = [f"{one['attribute'].replace('_', ' ')}: {one['level']}" for one in reversed(said)]
    axes.set_yticks(range(len(said)), names)
    axes.set_xlabel("realised over expected, 95 % interval")
    axes.set_xlim(left=0)
    axes.grid(axis="y", visible=False)
    return _save(figure, path)


def _importance(importance: dict[str, float], path: Path) -> Path:
    figure, axes = _figure("What the trees gained from each feature", (6.4, 5.6))
    names = list(importance)[:20][::-1]
    axes.barh(
        [name.replace("_", " ") for name in names], [importance[n] for n in names], color=ACCENT
    )
    axes.set_xlabel("share of the total gain")
    axes.grid(axis="y", visible=False)
    return _save(figure, path)
