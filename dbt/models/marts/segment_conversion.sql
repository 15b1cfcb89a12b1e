{{ config(materialized='view') }}
-- What history says of each segment of accounts: how often it converts, against all others.
with learnt as (

    select * from {{ source('scoring', 'learnt_segments') }}

)

select
    scoring_model_version, trained_as_of, horizon_days, feature, family, topic, segment_number,
    segment, value_from, value_below, row_count, accounts, converted_rows, converted_accounts,
    effective_rows, conversion_rate, conversion_low, conversion_high, others_rate, others_low,
    others_high, lift, lift_low, lift_high, weight_of_evidence, information_value, is_sure,
    statement
from learnt
