{{ config(materialized='view') }}
-- A training measured on parts of its later data: is the number right for each industry, region and size?
with measured as (

    select * from {{ source('scoring', 'group_measures') }}

)

select
    scoring_model_version, attribute, level,
    n, accounts, positives, mean_predicted, observed_rate,
    realised_over_expected, realised_over_expected_low, realised_over_expected_high,
    auc, auc_low, auc_high, lift_top_decile, warning
from measured
