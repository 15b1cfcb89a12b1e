{{ config(materialized='view') }}
-- What the newest model that was not promoted says of the latest day, beside the one that scores.
with scores as (

    select * from {{ ref('account_scores') }}

),

challengers as (

    select * from {{ source('scoring', 'challenger_predictions') }}

)

select
    account_id, as_of_date, challengers.scoring_model_version as challenger_version,
    scores.scoring_model_version,
    challengers.win_probability as challenger_probability,
    challengers.score as challenger_score,
    challengers.band as challenger_band,
    scores.score, scores.band
from scores
inner join challengers using (account_id, as_of_date)
