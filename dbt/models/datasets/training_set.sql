{{ config(materialized='table') }}
-- What is learnt from: the rows of scoring_set of the requested days, as they are scored, with what
-- happened in the longest window that has closed as of SCORING_LABELS_AS_OF, and on which day of it:
-- that says the same of every shorter horizon. Days on which not even the shortest has closed have no
-- rows.
with features as (

    select * from {{ on_requested_dates(ref('scoring_set')) }}

),

labels as (

    select
        account_id, as_of_date, horizon_days, is_converted, converted_on - as_of_date as days_to_conversion, won_amount_usd,
        matured_on, label_known_at
    from {{ on_requested_dates(ref('label_conversion')) }}
    qualify horizon_days = max(horizon_days) over (partition by account_id, as_of_date)

)

select
    features.*,
    labels.horizon_days,
    labels.is_converted,
    labels.days_to_conversion::integer as days_to_conversion,
    labels.won_amount_usd,
    labels.matured_on,
    labels.label_known_at
from features
inner join labels using (account_id, as_of_date)
