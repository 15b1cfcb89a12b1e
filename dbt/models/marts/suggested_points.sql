{{ config(materialized='view') }}
-- Lines of the scorecard that history suggests; `scoring segments --points` prints them to paste.
with learnt as (

    select * from {{ source('scoring', 'learnt_points') }}

)

select
    scoring_model_version, trained_as_of, horizon_days, line_number, feature, at_least, at_most,
    one_of, is_present, points, hot_from, warm_from
from learnt
