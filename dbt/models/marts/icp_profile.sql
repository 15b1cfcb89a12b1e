{{ config(materialized='view') }}
-- What companies that were won were like, beside all that could have been.
with learnt as (

    select * from {{ source('scoring', 'learnt_profile') }}

)

select
    scoring_model_version, trained_as_of, horizon_days, feature, topic, winners, weighted_by,
    winners_quarter, winners_median, winners_three_quarters, winners_most_common, all_quarter,
    all_median, all_three_quarters, all_most_common, segment, winners_share, winners_share_low,
    winners_share_high, all_share, over_representation, over_representation_low,
    over_representation_high, is_sure
from learnt
