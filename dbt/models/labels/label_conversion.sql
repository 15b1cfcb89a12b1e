-- What happened after the day, as known on day T (SCORING_LABELS_AS_OF), for each horizon h whose
-- window (as_of_date, as_of_date + h] has closed by T. Open windows have no row: they are censored,
-- never losses. Nor are days before outcomes were recorded.
-- In new_business mode the first win counts; an account that, as we learnt later, was a customer on
-- the day already has no row. An account that was excluded later keeps its label; one that was merged
-- until T has the label of the company that it turned out to be: wins of the survivor count.
with asked as (

    select spine.*, known.as_of_date as known_on
    from {{ on_requested_dates(ref('spine_account_day')) }} as spine
    cross join {{ labels_as_of() }} as known

),

windows as (

    select * from {{ windows_of(ref('core_account_survivor_version'), 'asked', 'spine.known_on') }}

)

select
    account_id,
    as_of_date,
    horizon_days,
    labels_as_of,
    matured_on,
    converted_on is not null as is_converted,
    converted_on,
    amount_cents::double / 100 as won_amount_usd,
    -- a win may be known before its window closes, a loss only when it has closed; greatest() passes over null
    greatest(coalesce(converted_known_on, matured_on), merged_known_on) as label_known_at
from {{ outcomes_of(ref('core_won_deal_version'), 'windows') }}
