"""XGBoost as this project uses it: without its wrappers for scikit-learn.

Belongs here: the one import of xgboost. Does not belong here: anything done with it.

XGBoost imports scikit-learn whenever it is installed, only to offer those wrappers, and that is most of its own import
(`python -X importtime -c "import xgboost"`), in every daily refresh. Told that there is none, it does without.
"""

import sys

_hidden = "sklearn" not in sys.modules
if _hidden:
    sys.modules["sklearn"] = None  # what Python's import takes for "not there"
try:
    import xgboost as xgb
finally:
    if _hidden:
        del sys.modules["sklearn"]

__all__ = ["xgb"]
