"""XGBoost as this project uses it: loaded on first use, without its wrappers for scikit-learn.

Belongs here: the one import of xgboost. Does not belong here: anything done with it.

XGBoost imports scikit-learn whenever it is installed, only to offer those wrappers, and that is most of its own import
(`python -X importtime -c "import xgboost"`), in every daily refresh. Told that there is none, it does without. What is left
takes a third of a second, which a run has while it waits for other processes: `load`.
"""

import sys
from threading import Lock
from typing import Any

_loading = Lock()


def load() -> Any:
    """Import xgboost, if that has not been done."""
    with _loading:
        if xgboost := sys.modules.get("xgboost"):
            return xgboost
        hidden = "sklearn" not in sys.modules
        if hidden:
            sys.modules["sklearn"] = None  # what Python's import takes for "not there"
        try:
            import xgboost
        finally:
            if hidden:
                del sys.modules["sklearn"]
        return xgboost


class _OnFirstUse:
    def __getattr__(self, name: str) -> Any:
        found = getattr(load(), name)
        setattr(self, name, found)
        return found


xgb = _OnFirstUse()

__all__ = ["load", "xgb"]
