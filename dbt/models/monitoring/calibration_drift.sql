{{ config(materialized='view') }}
-- What was predicted of each day whose window has closed against what became of it, as known on the day it closed.
with matured as (

    select * from {{ source('scoring', 'matured_days') }}

)

select
    as_of_date, scored_on, scoring_model_version, horizon_days, accounts, converted, predicted, slope,
    days_so_far, windows_so_far, predicted_rate, observed_rate, ratio, ratio_low, ratio_high, level
from matured
