{{ config(materialized='view') }}
-- Every training, promoted or not, with its verdict and the metrics it rests on.
with trained as (

    select * from {{ source('scoring', 'trained_models') }}

)

select
    scoring_model_version, trained_as_of, champion_from, verdict, why, horizon_days,
    train_rows, train_positives, first_as_of_date, last_as_of_date,
    test_rows, test_positives, auc, auc_low, auc_high, pr_auc, brier, brier_base, log_loss,
    lift_top_decile, ece, calibration_slope, calibration_intercept, baselines, components, other_horizons, against_champion, value, leads, search, calibration, snapshot_features,
    mlflow_run_id, feature_contract_version, code_version, created_at,
    withdrawn_from, withdrawn_because, trained_because
from trained
