{{ config(materialized='view') }}
-- Predicted against observed, by bin of predicted probability: can the number be read as one?
with bins as (

    select * from {{ source('scoring', 'reliability_bins') }}

)

select
    scoring_model_version, slice, horizon_days, bin, n,
    mean_predicted, observed_rate, observed_low, observed_high
from bins
