{{ config(materialized='view') }}
-- Stored scores held against what happened since, beside simple predictors on the same accounts.
with evaluations as (

    select * from {{ source('scoring', 'evaluations') }}

)

select
    as_of_date, predictor, slice, horizon_days, scoring_model_version, outcomes_known_as_of,
    n, positives, auc, auc_low, auc_high, pr_auc, brier, brier_base, log_loss, lift_top_decile, ece,
    model_lead_auc, model_lead_auc_low, model_lead_auc_high,
    model_lead_lift_top_decile, model_lead_lift_top_decile_low, model_lead_lift_top_decile_high
from evaluations
